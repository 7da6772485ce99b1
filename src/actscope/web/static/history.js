// Losses and dead units by epoch, thinned out so that a long training stays quick to draw.

const MOST = 800;

export function emptyHistory(networks) {
  const lists = () => Array.from({ length: networks }, () => []);
  return { epochs: [], train: lists(), test: lists(), dead: lists() };
}

const countDead = (layers) => layers.reduce((count, units) => count + units.length, 0);

export const deadOf = (frame, network) => countDead(frame.dead[network] ?? []);

const everySecond = (values) => values.filter((_, i) => i % 2 === 0);

function thin(history) {
  history.epochs = everySecond(history.epochs);
  for (const key of ["train", "test", "dead"]) history[key] = history[key].map(everySecond);
}

/** Notes a frame; a frame of an epoch already noted (an edited weight) replaces it. */
export function note(history, frame) {
  const { epochs } = history;
  if (epochs.length && frame.epoch < epochs.at(-1)) return false;
  if (epochs.length && frame.epoch === epochs.at(-1)) {
    epochs.pop();
    for (const key of ["train", "test", "dead"]) history[key].forEach((list) => list.pop());
  }
  if (epochs.length >= MOST) thin(history);
  history.epochs.push(frame.epoch);
  frame.losses.forEach(([train, test], k) => {
    history.train[k]?.push(train ?? NaN);
    history.test[k]?.push(test ?? NaN);
    history.dead[k]?.push(deadOf(frame, k));
  });
  return true;
}
