import { Observable, type OperatorFunction } from 'rxjs';

/**
 * Emits values by their sequence number 0, 1, 2 …, holding back those that come early. Whoever feeds it bounds how
 * many that are.
 */
export function reorder<T>(sequenceOf: (value: T) => number): OperatorFunction<T, T> {
  return (source) =>
    new Observable((subscriber) => {
      const early = new Map<number, T>();
      let next = 0;
      return source.subscribe({
        next(value) {
          early.set(sequenceOf(value), value);
          for (let due = early.get(next); due !== undefined; due = early.get(next)) {
            early.delete(next);
            next += 1;
            subscriber.next(due);
          }
        },
        error: (error: unknown) => {
          subscriber.error(error);
        },
        complete: () => {
          subscriber.complete();
        },
      });
    });
}
