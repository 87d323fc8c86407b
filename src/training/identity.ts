/** The style of a conditional network that gives the photo back; strength is a blend with it. */
export const identityStyle = 'identity';
