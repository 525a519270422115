#include "agent/receive/push_target.h"

#include "absl/strings/str_cat.h"
#include "agent/receive/push_request.h"
#include "agent/receive/server_tls.h"
#include "net/http_server.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace logi::agent {
namespace {

constexpr const char* kTenantOfPush = "__loki_push_api_tenant";
constexpr std::uint64_t kBodyBytesMax = 32ULL << 20U;
constexpr std::uint64_t kBodiesBytesMax = 64ULL << 20U;
constexpr std::size_t kPushesMax = 1024;
// What pushes that wait for room have become in memory.
constexpr std::size_t kWaitingBytesMax = 64U << 20U;
// A pusher gets an answer by then, at a stop sooner.
constexpr Duration kAnswerTime = Duration::seconds(30);
constexpr Duration kStopTime = Duration::seconds(5);
constexpr Duration kLastAnswersTime = Duration::seconds(1);
constexpr const char* kStopping = "the agent is stopping";

net::HttpResponse answer(int status, const std::string& text) {
    net::HttpResponse response;
    response.status = status;
    response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
    if (status == 503) {
        response.headers.emplace_back("Retry-After", "1");
    }
    response.body = text.empty() ? text : text + "\n";
    return response;
}

// A request that has no answer yet.
struct Push {
    Pushed pushed;
    std::string tenant;
    net::Responder respond;
    io::CancelToken cancel;
    std::size_t bytes = 0;  // of what was pushed, in memory
    std::uint64_t end = 0;  // when everything before it is delivered, this is
    bool answered = false;

    void say(int status, const std::string& text) {
        if (!std::exchange(answered, true)) {
            // Lets go of the connection: timers hold the push for longer.
            std::exchange(respond, nullptr)(answer(status, text));
        }
    }
    // Nobody waits for it any more.
    void drop() {
        answered = true;
        respond = nullptr;
    }
};

std::size_t bytes_of(const Pushed& pushed) {
    std::size_t bytes = 0;
    for (const PushedStream& stream : pushed.streams) {
        bytes += sizeof(stream) + stream.labels.size() * sizeof(LabelPair);
        for (const PushedEntry& entry : stream.entries) {
            bytes += sizeof(entry) + entry.line.size();
            for (const LabelPair& pair : entry.metadata) {
                bytes += sizeof(pair) + pair.name.size() + pair.value.size();
            }
        }
    }
    return bytes;
}

class PushTarget final : public Receiver {
  public:
    PushTarget(const ReceiverDeps& deps, const ScrapeConfig& scrape)
        : deps_(deps),
          job_(scrape.job_name),
          config_(*scrape.push_api),
          feed_(
              deps,
              scrape,
              config_.labels,
              [this](std::uint64_t position) { on_delivered(position); },
              [this] { read_on(); }),
          wants_tenant_(feed_.reads(kTenantOfPush)) {}

    // Connections end before their server.
    ~PushTarget() override {
        for (const auto& pushes : {waiting_, taken_}) {
            for (const auto& push : pushes) {
                push->say(503, kStopping);
            }
        }
    }
    PushTarget(const PushTarget&) = delete;
    PushTarget& operator=(const PushTarget&) = delete;

    Status start() override {
        net::ServerOptions options;
        options.address = config_.server.http_listen_address;
        options.port = config_.server.http_listen_port;
        options.body_bytes_max = kBodyBytesMax;
        options.inflight_body_bytes_max = kBodiesBytesMax;
        LOGI_ASSIGN_OR_RETURN(options.tls, server_tls(config_.server.tls));
        LOGI_ASSIGN_OR_RETURN(
            server_,
            net::HttpServer::start(
                options, [this](const net::HttpRequest& request, const net::Responder& respond) {
                    handle(request, respond);
                }));
        return absl::OkStatus();
    }

    void shutdown() override {
        if (server_ == nullptr) {
            return;
        }
        const Duration time = std::min(kStopTime, config_.server.graceful_shutdown_timeout);
        deps_.strand.post([this] {
            stopping_ = true;
            read_on();
        });
        deps_.executor.post_after(time, [this] {
            deps_.strand.post([this] {
                for (const auto& push : taken_) {
                    push->say(503, kStopping);
                }
            });
        });
        server_->shutdown({time.ns + kLastAnswersTime.ns});
    }

    void read_on() override {
        while (!waiting_.empty() && (stopping_ || feed_.has_room())) {
            const std::shared_ptr<Push> push = std::move(waiting_.front());
            waiting_.pop_front();
            waiting_bytes_ -= push->bytes;
            if (stopping_) {
                push->say(503, kStopping);
            } else if (!push->cancel.check().ok()) {
                push->drop();
            } else if (!push->answered) {
                take(push);
            }
        }
    }

    void finish() override {
        read_on();
        feed_.release_all();
    }

    [[nodiscard]] ReceiverStatus status() const override {
        return {job_, "loki_push_api", "http " + server_->address(), ""};
    }

  private:
    void handle(const net::HttpRequest& request, const net::Responder& respond) {
        const std::string& prefix = config_.server.path_prefix;
        const std::string path = !prefix.empty() && request.path.starts_with(prefix)
                                     ? request.path.substr(prefix.size())
                                     : request.path;
        const bool is_raw = path == "/promtail/api/v1/raw";
        if (path == "/ready") {
            respond(answer(200, "ready"));
        } else if (!is_raw && path != "/loki/api/v1/push" && path != "/promtail/api/v1/push") {
            respond(answer(404, "404 page not found"));
        } else if (request.method != "POST") {
            respond(answer(405, "only POST"));
        } else {
            auto pushed = is_raw ? read_raw(request) : read_push(request);
            if (const auto* refusal = std::get_if<PushRefusal>(&pushed); refusal != nullptr) {
                respond(answer(refusal->status, refusal->message));
                return;
            }
            auto push = std::make_shared<Push>();
            push->pushed = std::get<Pushed>(std::move(pushed));
            push->tenant = std::string(request.header("X-Scope-OrgID"));
            push->respond = respond;
            push->cancel = request.cancel;
            push->bytes = bytes_of(push->pushed);
            deps_.strand.post([this, push] { queue(push); });
        }
    }

    void queue(const std::shared_ptr<Push>& push) {
        if (waiting_.size() >= kPushesMax ||
            (!waiting_.empty() && waiting_bytes_ + push->bytes > kWaitingBytesMax)) {
            push->say(503, "too many pushes wait");
            return;
        }
        waiting_.push_back(push);
        waiting_bytes_ += push->bytes;
        deps_.executor.post_after(kAnswerTime, [this, push] {
            deps_.strand.post([this, push] {
                push->say(503, "the servers behind have not taken it in time");
                if (std::erase(waiting_, push) > 0) {
                    waiting_bytes_ -= push->bytes;
                }
            });
        });
        read_on();
    }

    void take(const std::shared_ptr<Push>& push) {
        for (PushedStream& pushed : push->pushed.streams) {
            if (wants_tenant_ && !push->tenant.empty()) {
                pushed.labels.push_back({kTenantOfPush, push->tenant});
            }
            const MessageFeed::StreamPtr stream = feed_.stream_of(pushed.labels);
            for (PushedEntry& entry : pushed.entries) {
                if (stream == nullptr) {
                    feed_.pass_over();
                } else {
                    feed_.take(entry.line,
                               *stream,
                               config_.use_incoming_timestamp ? entry.time : std::nullopt,
                               std::move(entry.metadata));
                }
            }
        }
        push->pushed.streams.clear();
        push->end = feed_.taken();
        taken_.push_back(push);
        on_delivered(feed_.delivered());
        feed_.hurry();
    }

    void on_delivered(std::uint64_t position) {
        while (!taken_.empty() && taken_.front()->end <= position) {
            Push& push = *taken_.front();
            push.say(push.pushed.error.empty() ? 204 : 400, push.pushed.error);
            taken_.pop_front();
        }
    }

    const ReceiverDeps deps_;
    const std::string job_;
    const PushApiConfig config_;
    std::deque<std::shared_ptr<Push>> waiting_;  // for room
    std::size_t waiting_bytes_ = 0;
    std::deque<std::shared_ptr<Push>> taken_;  // for being delivered
    MessageFeed feed_;
    const bool wants_tenant_;
    bool stopping_ = false;
    std::unique_ptr<net::HttpServer> server_;
};

}  // namespace

std::unique_ptr<Receiver> make_push_target(const ReceiverDeps& deps, const ScrapeConfig& scrape) {
    return std::make_unique<PushTarget>(deps, scrape);
}

}  // namespace logi::agent
