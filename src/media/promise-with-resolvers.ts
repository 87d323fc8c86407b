// node-av calls Promise.withResolvers, which Node has from 22 on; without it node-av silently yields no frames.
interface WithResolvers<T> {
  promise: Promise<T>;
  resolve: (value: T | PromiseLike<T>) => void;
  reject: (reason?: unknown) => void;
}

const constructor = Promise as unknown as { withResolvers?: <T>() => WithResolvers<T> };

constructor.withResolvers ??= function withResolvers<T>(): WithResolvers<T> {
  let resolve: WithResolvers<T>['resolve'] = ignore;
  let reject: WithResolvers<T>['reject'] = ignore;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
};

function ignore(): void {
  // Replaced at once by the promise's own functions.
}
