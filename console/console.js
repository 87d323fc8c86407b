/* global devicePixelRatio, document, fetch, location, mpegts, setInterval, setTimeout */

// The console's page: two players over each other, the controls, and plots of the last two minutes.

const $ = (id) => document.getElementById(id);

/** Asks the server; says on the page what went wrong. */
async function ask(method, path, body) {
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const answer = await response.json();
  $('message').textContent = response.ok ? '' : answer.message;
  if (!response.ok) throw new Error(answer.message);
  return answer;
}

/** Plays a preview, again and again: a source that changes ends it. */
function play(video, path, hasAudio) {
  const url = `ws://${location.host}${path}`;
  const player = mpegts.createPlayer(
    { type: 'flv', isLive: true, hasAudio, hasVideo: true, url },
    { enableStashBuffer: false, liveSync: true, liveSyncMaxLatency: 0.8, liveSyncTargetLatency: 0.3 },
  );
  let isOver = false;
  const again = () => {
    if (isOver) return;
    isOver = true;
    setTimeout(() => {
      player.destroy();
      play(video, path, hasAudio);
    }, 1000);
  };
  player.on(mpegts.Events.ERROR, again);
  player.on(mpegts.Events.LOADING_COMPLETE, again);
  player.attachMediaElement(video);
  player.load();
  video.play().catch(() => undefined);
}

/** The names in a style or blend. */
const partsOf = (style) => style.split(',').map((part) => part.split(':')[0]);

let look = { style: '', strength: 1, keepColors: false };

/** What the user has turned so far, and what of it is under way: an answer that was asked for earlier says nothing about it. */
let turns = 0;
let turning = 0;

async function turn(change) {
  turns += 1;
  turning += 1;
  const latest = turns;
  try {
    const answer = await ask('PATCH', '/api/look', change);
    if (latest === turns) showLook(answer);
  } finally {
    turning -= 1;
  }
}

function showLook(current) {
  look = current;
  const parts = partsOf(look.style);
  for (const button of document.querySelectorAll('#styles button'))
    button.setAttribute('aria-pressed', String(parts.includes(button.dataset.style)));
  $('strength').value = look.strength;
  $('keep-colors').checked = look.keepColors;
}

function addStyle(name) {
  const button = document.createElement('button');
  button.type = 'button';
  button.dataset.style = name;
  const image = document.createElement('img');
  image.src = `/api/styles/${encodeURIComponent(name)}/thumbnail.jpg`;
  image.alt = '';
  button.append(image, name);
  button.addEventListener('click', (event) => {
    const parts = partsOf(look.style);
    const others = parts.filter((part) => part !== name);
    const blend = parts.includes(name) && others.length > 0 ? others : [...others, name];
    void turn({ style: event.shiftKey || $('blend').checked ? blend.join(',') : name }).catch(
      () => undefined,
    );
  });
  $('styles').append(button);
}

const histories = { fps: [], delay: [], drops: [] };
const seconds = 120;

/** Draws the last two minutes, now at the right edge, the largest value written above it. */
function plot(name, value, caption) {
  const history = histories[name];
  history.push(value);
  if (history.length > seconds) history.shift();
  const canvas = $(`plot-${name}`);
  const width = (canvas.width = canvas.clientWidth * devicePixelRatio);
  const height = (canvas.height = canvas.clientHeight * devicePixelRatio);
  const context = canvas.getContext('2d');
  const largest = Math.max(...history);
  const across = (i) => width * (1 - (history.length - 1 - i) / (seconds - 1));
  const up = (at) => height * (0.95 - (0.65 * at) / Math.max(1, largest));
  context.lineWidth = 1.5 * devicePixelRatio;
  context.strokeStyle = '#7db8ff';
  context.beginPath();
  history.forEach((at, i) => context.lineTo(across(i), up(at)));
  context.stroke();
  context.fillStyle = '#9aa3b0';
  context.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  context.textAlign = 'right';
  context.fillText(Math.round(largest), width - 6 * devicePixelRatio, 13 * devicePixelRatio);
  canvas.previousElementSibling.textContent = caption;
}

async function refresh() {
  const latest = turns;
  const status = await ask('GET', '/api/status');
  const { rates, totals, workingSize, outputSize } = status;
  if (latest === turns && turning === 0) showLook(status.look);
  $('state').textContent =
    `Input ${status.input}, output ${status.output}; working at ${workingSize.width}×${workingSize.height}`;
  if (outputSize.width > 0)
    for (const id of ['result', 'original'])
      $(id).style.aspectRatio = `${outputSize.width} / ${outputSize.height}`;
  $('record').textContent = status.recording ? 'Stop recording' : 'Record';
  $('record').setAttribute('aria-pressed', String(status.recording));
  plot('fps', rates.restyledFps, `${rates.restyledFps.toFixed(1)} pictures a second restyled`);
  plot('delay', rates.delayMs ?? 0, `${Math.round(rates.delayMs ?? 0)} ms delay`);
  plot('drops', rates.droppedFps, `${totals.dropped} dropped, ${totals.repeated} repeated`);
}

$('split').addEventListener('input', ({ target }) => {
  $('original').style.clipPath = `inset(0 ${100 - target.value}% 0 0)`;
});
$('strength').addEventListener('change', ({ target }) => void turn({ strength: Number(target.value) }));
$('keep-colors').addEventListener('change', ({ target }) => void turn({ keepColors: target.checked }));
$('record').addEventListener('click', async () => {
  const isRecording = $('record').getAttribute('aria-pressed') === 'true';
  await ask(isRecording ? 'DELETE' : 'POST', '/api/recording');
  await refresh();
});

const { styles } = await ask('GET', '/api/styles');
for (const name of styles) addStyle(name);
await refresh();
setInterval(() => void refresh().catch(() => undefined), 1000);
play($('result'), '/preview/result', true);
play($('original'), '/preview/original', false);
