// Calls of gRPC, one a line of standard input: {"method", "metadata", "message": hex, "gzip"}. Prints for
// each a line: {"code", "details", "retryable", "message": hex}. node grpc_call.js HOST:PORT [CA [CERT KEY]]: with
// the files it is TLS.
const fs = require("node:fs");
const readline = require("node:readline");
const grpc = require("@grpc/grpc-js");

const files = process.argv.slice(3).map((file) => fs.readFileSync(file));
const credentials =
  files.length === 0 ? grpc.credentials.createInsecure() : grpc.credentials.createSsl(files[0], files[2], files[1]);
const clients = [false, true].map(
  (gzip) =>
    new grpc.Client(process.argv[2], credentials, {
      "grpc.default_compression_algorithm": gzip ? 2 : 0,
    }),
);
const same = (bytes) => bytes;

function call({ method, metadata, message, gzip }) {
  const sent = new grpc.Metadata();
  Object.entries(metadata).forEach(([name, values]) => [values].flat().forEach((value) => sent.add(name, value)));
  const bytes = Buffer.from(message, "hex");
  return new Promise((resolve) =>
    clients[gzip ? 1 : 0].makeUnaryRequest(method, same, same, bytes, sent, (error, response) => {
      const details = error?.metadata.get("grpc-status-details-bin")[0] ?? Buffer.alloc(0);
      resolve({
        code: error ? grpc.status[error.code] : "OK",
        details: error?.details ?? "",
        retryable: details.includes("google.rpc.RetryInfo"),
        message: response?.toString("hex") ?? "",
      });
    }),
  );
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await call(JSON.parse(line))));
  }
  clients.forEach((client) => client.close());
})();
