#include "canary/canary.h"

#include "base/log.h"
#include "canary/watch.h"
#include "net/http_server.h"

namespace logi::canary {
namespace {

constexpr std::uint32_t kSizeBytesMax = 16U << 20U;
constexpr std::uint32_t kBucketsMax = 100;

// A watch that can be stopped and begun again, which takes its time. Thread-safe.
class Service {
  public:
    Service(const Settings& settings, const Loki& loki, const Metrics& metrics, io::Random& random)
        : settings_(settings), loki_(loki), metrics_(metrics), random_(random), control_(1) {}

    void resume() {
        const base::MutexLock lock(mutex_);
        watch_.emplace(settings_, loki_, metrics_, clock_, random_);
    }

    void handle(const net::HttpRequest& request,
                const base::Registry& registry,
                const net::Responder& respond) {
        if (request.path == "/metrics") {
            respond({200, {{"Content-Type", "text/plain; version=0.0.4"}}, registry.render()});
        } else if (request.path == "/suspend" || request.path == "/resume") {
            const bool resumes = request.path == "/resume";
            control_.post([this, resumes, respond] {
                base::log_info(resumes ? "begins again" : "is suspended");
                suspend();
                if (resumes) {
                    resume();
                }
                respond({200, {}, ""});
            });
        } else {
            respond({404, {}, "404 page not found\n"});
        }
    }

  private:
    void suspend() {
        const base::MutexLock lock(mutex_);
        watch_.reset();
    }

    const Settings& settings_;
    const Loki& loki_;
    const Metrics& metrics_;
    io::Random& random_;
    const io::SystemClock clock_;
    base::Mutex mutex_;
    std::optional<Watch> watch_ LOGI_GUARDED_BY(mutex_);
    io::ThreadPool control_;
};

}  // namespace

Status check(const Settings& settings) {
    const auto wrong = [](const char* text) {
        return absl::InvalidArgumentError(text);
    };
    if (settings.addr.empty()) {
        return wrong(
            "Must specify a Loki address with -addr or set the environment variable LOKI_ADDRESS");
    }
    if (settings.addr.find("://") != std::string::npos) {
        return wrong("-addr is HOST:PORT, without http:// or https://; -tls chooses");
    }
    const net::ClientTls& files = settings.client_tls;
    if (!settings.tls &&
        !(files.ca_file.empty() && files.cert_file.empty() && files.key_file.empty())) {
        return wrong("Must set --tls when specifying client certs");
    }
    if (settings.out_of_order_percent > 100) {
        return wrong("Out of order percentage must be between 0 and 100");
    }
    if (settings.out_of_order_max < settings.out_of_order_min) {
        return wrong("-out-of-order-max must not be less than -out-of-order-min");
    }
    if (settings.batch_size_max == 0) {
        return wrong("-logs-batch-size-max must not be 0");
    }
    if (settings.batch_size > settings.batch_size_max) {
        return wrong("-logs-batch-size must not be more than -logs-batch-size-max");
    }
    if (settings.size_bytes > kSizeBytesMax || settings.buckets > kBucketsMax) {
        return wrong("-size is at most 16777216, and -buckets 100");
    }
    for (const Duration period : {settings.interval,
                                  settings.prune_interval,
                                  settings.query_timeout,
                                  settings.write_timeout,
                                  settings.write_backoff_min,
                                  settings.spot_check_query_rate,
                                  settings.metric_test_interval,
                                  settings.cache_test_interval}) {
        if (period < Duration::millis(1)) {
            return wrong("intervals and timeouts are at least 1ms");
        }
    }
    return absl::OkStatus();
}

Status run(const Settings& settings, const std::function<void()>& wait) {
    LOGI_RETURN_IF_ERROR(check(settings));
    io::SystemRandom random;
    LOGI_ASSIGN_OR_RETURN(const Loki loki, Loki::make(settings, random));
    base::Registry registry;
    const Metrics metrics(registry, settings.buckets);
    std::unique_ptr<net::HttpServer> server;  // outlives the service, which may still answer
    Service service(settings, loki, metrics, random);
    net::ServerOptions options;
    options.address = "";
    options.port = settings.port;
    LOGI_ASSIGN_OR_RETURN(
        server,
        net::HttpServer::start(options,
                               [&](const net::HttpRequest& request, const net::Responder& respond) {
                                   service.handle(request, registry, respond);
                               }));
    service.resume();
    base::log_info(
        "watches",
        {{"addr", settings.addr}, {"query", loki.query()}, {"metrics", server->address()}});
    wait();
    server->shutdown(Duration::seconds(1));
    return absl::OkStatus();
}

}  // namespace logi::canary
