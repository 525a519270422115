// Logs the lines of standard input by pino with the transport pino-loki: node pino.js URL
const readline = require("node:readline");
const pino = require("pino");

const transport = pino.transport({
  target: require.resolve("pino-loki"),
  options: {
    host: process.argv[2],
    labels: { client: "pino" },
    propsToLabels: ["part"],
    interval: 1,
  },
});
const log = pino(transport);
readline
  .createInterface({ input: process.stdin })
  .on("line", (line) => log.error({ part: "shop" }, line))
  .on("close", () => transport.end());
