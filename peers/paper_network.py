"""The architecture of PyTorch's fast neural style example, untrained: time does not depend on the weights.

The architecture is that of github.com/pytorch/examples (BSD 3-Clause): Johnson et al. 2016 with instance normalisation and
nearest-neighbour enlargement before convolutions.
"""

from torch import nn


def conv(inputs, outputs, size, stride=1):
    return nn.Sequential(nn.ReflectionPad2d(size // 2), nn.Conv2d(inputs, outputs, size, stride))


def block(inputs, outputs, size, stride=1):
    return nn.Sequential(conv(inputs, outputs, size, stride), nn.InstanceNorm2d(outputs, affine=True), nn.ReLU())


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.layers = nn.Sequential(block(channels, channels, 3), conv(channels, channels, 3), nn.InstanceNorm2d(channels, affine=True))

    def forward(self, x):
        return x + self.layers(x)


network = nn.Sequential(
    block(3, 32, 9), block(32, 64, 3, 2), block(64, 128, 3, 2),
    *[Residual(128) for _ in range(5)],
    nn.Upsample(scale_factor=2), block(128, 64, 3), nn.Upsample(scale_factor=2), block(64, 32, 3),
    conv(32, 3, 9),
).eval()


def restyle(frame):
    """One frame of 8-bit RGB, height × width × 3, as a tensor of the same."""
    result = network(frame.permute(2, 0, 1).unsqueeze(0).float())
    return result.clamp(0, 255).byte().squeeze(0).permute(1, 2, 0).contiguous()
