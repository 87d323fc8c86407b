import { Gauge, Registry } from 'prom-client';
import type { LiveStatus } from '../status.js';

/** What Prometheus is told, by name: its help, and how it is read off the status. */
const gauges: Readonly<Record<string, readonly [help: string, read: (status: LiveStatus) => number]>> = {
  vidstyle_live_seconds: ['Seconds since the output began', (s) => s.seconds],
  vidstyle_live_input_connected: ['1 while pictures come in', (s) => Number(s.input === 'connected')],
  vidstyle_live_output_connected: [
    '1 while the server is connected',
    (s) => Number(s.output === 'connected'),
  ],
  vidstyle_live_sent_fps: ['Pictures sent in the last second', (s) => s.rates.sentFps],
  vidstyle_live_restyled_fps: ['Pictures restyled in the last second', (s) => s.rates.restyledFps],
  vidstyle_live_delay_ms: ['From arrival to leaving, milliseconds', (s) => s.rates.delayMs ?? NaN],
  vidstyle_live_network_ms: ['What a picture takes in the network', (s) => s.rates.networkMs],
  vidstyle_live_received_pictures: ['Pictures that came in', (s) => s.totals.received],
  vidstyle_live_dropped_pictures: ['Pictures left out because they were late', (s) => s.totals.dropped],
  vidstyle_live_repeated_pictures: ['Pictures sent once more', (s) => s.totals.repeated],
  vidstyle_live_sent_pictures: ['Pictures sent', (s) => s.totals.sent],
  vidstyle_live_working_width: ['Width that the network works at', (s) => s.workingSize.width],
  vidstyle_live_input_connections: ['Connections of the input so far', (s) => s.totals.inputConnections],
  vidstyle_live_output_connections: ['Connections of the output so far', (s) => s.totals.outputConnections],
};

/** A stream's figures in Prometheus' form. */
export function createMetrics(status: () => LiveStatus): Registry {
  const registry = new Registry();
  for (const [name, [help, read]] of Object.entries(gauges)) {
    const gauge: Gauge = new Gauge({
      ...{ name, help, registers: [registry] },
      collect: (): void => {
        gauge.set(read(status()));
      },
    });
  }
  return registry;
}
