# The baseline: the same engine, written by hand, without Biplane. The port and the folder of the objects come from the command line.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "objects", disk = (path = "given-on-the-command-line", writable = true)),
  ],
  sockets = [ (name = "public", address = "127.0.0.1:0", service = "main", http = ()) ],
  logging = (structuredLogging = true),
);

const main :Workerd.Worker = (
  modules = [ (name = "worker.js", esModule = embed "worker.js") ],
  # The date of src/engine/compatibility.ts, or the comparison is none.
  compatibilityDate = "2026-10-01",
  bindings = [
    (name = "KV", durableObjectNamespace = "Kv"),
    (name = "PAGE", durableObjectNamespace = "Page"),
  ],
  durableObjectNamespaces = [
    (className = "Kv", uniqueKey = "bench-kv", enableSql = true),
    (className = "Page", uniqueKey = "bench-page", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
);
