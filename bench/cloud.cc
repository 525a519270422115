// A shop's services behind nginx: requests run through several services with one trace id, and
// between them services tell of caches, queues, jobs and collections of garbage.
#include "cloud_world.h"
#include "corpus.h"
#include "random.h"
#include "streams.h"

namespace logi::bench {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kMeanGapNs = 26'000'000;
// A pod is replaced by one of another name after about this long.
constexpr std::int64_t kPodLifeNs = 5400 * kSecondNs;
// In each such time one service may be in trouble.
constexpr std::int64_t kTroubleNs = 600 * kSecondNs;
constexpr std::uint32_t kNodes = 12;
constexpr std::uint32_t kEdges = 4;  // nginx pods

// A process that logs: regular lines to stdout, panics to stderr.
struct Pod {
    std::string name;
    std::int64_t born = -1;  // which life of it
    std::uint32_t node = 0;
    std::uint32_t streams[2] = {UINT32_MAX, UINT32_MAX};
};

class Cloud final : public Corpus {
  public:
    explicit Cloud(std::uint64_t seed) : seed_(mix64(seed ^ 0xC10D)), random_(seed_) {
        for (const auto& route : kRoutes) {
            weights_ += route.weight;
        }
    }

    void next(Sink& sink) override {
        sink_ = &sink;
        now_ns_ += static_cast<std::int64_t>(random_.below(2 * kMeanGapNs));
        if (random_.chance(0.24)) {
            housekeeping();
        } else {
            request();
        }
        streams_.drain(sink, now_ns_);
    }

    [[nodiscard]] std::int64_t now_ns() const override { return now_ns_; }
    [[nodiscard]] std::string rare_text() const override { return trace_; }

  private:
    const Route& route() {
        std::uint64_t dice = random_.below(weights_);
        for (const auto& r : kRoutes) {
            if (dice < r.weight) {
                return r;
            }
            dice -= r.weight;
        }
        return kRoutes[0];
    }

    // The service in trouble now, or kServices.
    [[nodiscard]] std::uint64_t in_trouble() const {
        const auto window = static_cast<std::uint64_t>(now_ns_ / kTroubleNs);
        const std::uint64_t dice = mix64(seed_ + window) % (4ULL * kServices);
        return std::min<std::uint64_t>(dice, kServices);
    }

    Pod& pod(std::uint32_t service, std::uint32_t index) {
        const std::uint64_t place = mix64(seed_ + service * 64ULL + index);
        const auto phase = static_cast<std::int64_t>(place % kPodLifeNs);
        const std::int64_t life = (now_ns_ + phase) / kPodLifeNs;
        Pod& p = pods_[service][index];
        if (p.born != life) {
            p = Pod{};
            p.born = life;
            const std::uint64_t id = mix64(place + static_cast<std::uint64_t>(life));
            p.node = static_cast<std::uint32_t>(id % kNodes);
            Text t(p.name);
            t << (service == kServices ? "nginx" : kServiceTable[service].name) << "-";
            t.hex(mix64(place >> 8U), 10) << "-";
            t.hex(id >> 20U, 5);
        }
        return p;
    }

    void emit(std::uint32_t service, Pod& p, bool is_error, std::string_view line) {
        auto& stream = p.streams[is_error ? 1 : 0];
        if (stream == UINT32_MAX) {
            const bool is_edge = service == kServices;
            std::string labels;
            Text(labels) << "{app=\"" << (is_edge ? "nginx" : kServiceTable[service].name)
                         << "\", cluster=\"eu-1\", namespace=\""
                         << (is_edge ? "edge" : kServiceTable[service].space) << "\", node=\"node-"
                         << static_cast<int>(p.node) << "\", pod=\"" << p.name << "\", stream=\""
                         << (is_error ? "stderr" : "stdout") << "\"}";
            stream = streams_.add(*sink_, labels, p.node);
        }
        streams_.entry(stream, at_ns_, line);
    }

    void make_path(std::string_view pattern) {
        path_.clear();
        Text t(path_);
        for (const char c : pattern) {
            if (c == '#') {
                t << product_;
            } else if (c == '@') {
                t << "u-" << user_;
            } else if (c == '%') {
                t << "ord-" << order_;
            } else if (c == '~') {
                t << random_.pick_skewed(kWords);
            } else {
                path_.push_back(c);
            }
        }
    }

    void begin_request(const Route& r) {
        trace_.clear();
        trace_high_ = random_.next();
        trace_low_ = random_.next();
        Text(trace_).hex(trace_high_, 16).hex(trace_low_, 16);
        user_ = 1000 + random_.skewed(50'000);
        product_ = 10'000 + random_.skewed(20'000);
        order_ = 7'000'000 + static_cast<std::uint64_t>((now_ns_ - kCorpusBeginNs) / kSecondNs) +
                 random_.below(1000);
        client_ = mix64(user_) & 0xFFFFFFFFU;
        status_ = r.status;
        failure_ = nullptr;
        make_path(r.path);
    }

    void request() {
        const Route& r = route();
        begin_request(r);
        const std::int64_t begin_ns = now_ns_;
        const std::uint64_t trouble = in_trouble();
        std::uint64_t us = random_.long_tailed(r.typical_us);
        client_error(r);
        at_ns_ = begin_ns;
        for (const ServiceId service : r.services) {
            if (service == kServices || status_ >= 400) {
                break;
            }
            at_ns_ += static_cast<std::int64_t>(us) * 120;  // a part of the whole
            const bool fails = random_.chance(service == trouble ? 0.25 : 0.002);
            if (fails) {
                failure_ = &random_.pick_skewed(kFailures);
                status_ = failure_->status;
                us *= 3;
            }
            serve(r, service, us);
        }
        at_ns_ = begin_ns + static_cast<std::int64_t>(us) * 1000;
        access_line(r, us);
    }

    // What the client did wrong, before any service but the gateway sees it.
    void client_error(const Route& r) {
        if (random_.chance(0.035)) {
            constexpr std::uint32_t kStatus[] = {404, 404, 401, 400, 304, 429, 403, 422, 499};
            status_ = random_.pick_skewed(kStatus);
        }
        if (status_ >= 400 && r.services[0] != kServices) {
            at_ns_ = now_ns_;
            serve(r, kGateway, random_.long_tailed(700));
        }
    }

    ServiceLine::Origin origin_of(std::uint32_t service, const Pod& p, std::size_t file) {
        const Service& s = kServiceTable[service];
        return {s.style, s.name, p.name, s.files[file], 40 + random_.skewed(12) * 17};
    }

    // One service's part of a request: what it did, then how it went.
    void serve(const Route& r, std::uint32_t service, std::uint64_t us) {
        Pod& p = pod(service, static_cast<std::uint32_t>(trace_low_ % kServiceTable[service].pods));
        if (service != kGateway && random_.chance(0.55)) {
            inner_line(service, p);
        }
        if (failure_ != nullptr) {
            failure_line(service, p);
        }
        const Level level = status_ >= 500   ? Level::kError
                            : status_ >= 400 ? Level::kWarn
                                             : Level::kInfo;
        line_.begin(origin_of(service, p, 0), level, at_ns_, "request completed");
        trace_fields(service);
        if (kServiceTable[service].style == Style::kPino) {
            line_.open("req");
            line_.text("method", r.method);
            line_.text("url", path_);
            line_.text("remoteAddress", address(0x0A040000U + (trace_low_ & 0xFFFU)));
            line_.close();
            line_.open("res");
            line_.number("statusCode", status_);
            line_.number("contentLength", random_.long_tailed(2100));
            line_.close();
            line_.span("responseTime", us / 2);
        } else {
            line_.text("method", r.method);
            line_.text("path", path_);
            line_.number("status", status_);
            line_.span(
                ServiceLine::is_json(kServiceTable[service].style) ? "duration_ms" : "duration",
                us / 2);
            line_.number("bytes", random_.long_tailed(2100));
            line_.text("user_id", number_text("u-", user_));
        }
        emit(service, p, false, line_.end());
        at_ns_ += static_cast<std::int64_t>(random_.below(400'000));
    }

    void trace_fields(std::uint32_t service) {
        const Style style = kServiceTable[service].style;
        const bool camel = style == Style::kLogback || style == Style::kGoKit;
        line_.text(camel ? "traceID" : "trace_id", trace_);
        scratch_.clear();
        Text(scratch_).hex(mix64(trace_low_ + service), 16);
        line_.text(camel ? "spanID" : "span_id", scratch_);
    }

    void inner_line(std::uint32_t service, Pod& p) {
        const std::uint64_t dice = random_.below(10);
        const auto origin = origin_of(service, p, dice < 7 ? 1 : 2);
        if (dice < 4) {
            line_.begin(origin, Level::kDebug, at_ns_, "query finished");
            trace_fields(service);
            line_.text("statement", "SELECT id, name, price, updated_at FROM items WHERE id = $1");
            line_.number("rows", random_.skewed(40));
            line_.span("took", random_.long_tailed(1800));
        } else if (dice < 7) {
            const bool hit = random_.chance(0.8);
            line_.begin(origin, Level::kDebug, at_ns_, hit ? "cache hit" : "cache miss");
            trace_fields(service);
            line_.text("key", number_text("item:", product_));
            line_.number("ttl_s", random_.below(900));
        } else if (dice < 9) {
            line_.begin(origin, Level::kInfo, at_ns_, "event published");
            trace_fields(service);
            line_.text("topic", kServiceTable[service].name);
            line_.number("partition", random_.below(24));
            line_.number("offset", 88'000'000 + offset_++);
        } else {
            line_.begin(origin, Level::kWarn, at_ns_, "slow call to dependency, will retry");
            trace_fields(service);
            line_.number("attempt", random_.between(1, 3));
            line_.text("target", number_text("http://inventory.shop.svc:8080/stock/", product_));
            line_.span("elapsed", 500'000 + random_.long_tailed(300'000));
        }
        emit(service, p, false, line_.end());
        at_ns_ += static_cast<std::int64_t>(random_.below(900'000));
    }

    void failure_line(std::uint32_t service, Pod& p) {
        const Service& s = kServiceTable[service];
        line_.begin(origin_of(service, p, 1), Level::kError, at_ns_, failure_->message);
        trace_fields(service);
        line_.number("status", status_);
        if (s.style == Style::kLogback) {
            stack_.assign(failure_->exception);
            const std::uint64_t frames = random_.between(6, 24);
            for (std::uint64_t i = 0; i < frames; ++i) {
                stack_.append("\n\t").append(kFrames[i * 5 % std::size(kFrames)]);
            }
            line_.text("stack_trace", stack_);
        } else {
            line_.text("error", failure_->exception);
        }
        emit(service, p, false, line_.end());
        at_ns_ += 40'000;
        if (s.style == Style::kGoKit && random_.chance(0.1)) {
            panic_lines(service, p);
        }
    }

    // A Go panic, line by line to stderr.
    void panic_lines(std::uint32_t service, Pod& p) {
        const Service& s = kServiceTable[service];
        const auto line = [&](auto... parts) {
            scratch_.clear();
            Text t(scratch_);
            (t << ... << parts);
            emit(service, p, true, scratch_);
        };
        line("panic: runtime error: invalid memory address or nil pointer dereference");
        line("[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x7b", product_, "]");
        line("goroutine ", order_ % 9000, " [running]:");
        for (const auto& file : s.files) {
            line("main.(*Server).", file, "(0xc000", user_, ", {0x0, 0x0})");
            line("\t/app/", s.name, "/", file, ".go:", random_.between(20, 400), " +0x1d");
        }
        line("created by net/http.(*Server).Serve in goroutine 1");
    }

    void access_line(const Route& r, std::uint64_t us) {
        Pod& p = pod(kServices, static_cast<std::uint32_t>(trace_high_ % kEdges));
        scratch_.clear();
        Text t(scratch_);
        t.ipv4(client_) << " - " << (user_ % 3 == 0 ? "-" : number_text("u-", user_)) << " [";
        calendar_.common_log(at_ns_, scratch_);
        t << "] \"" << r.method << " " << path_ << " HTTP/" << (user_ % 5 == 0 ? "1.1" : "2.0")
          << "\" " << status_ << " "
          << (status_ == 304 || status_ == 204 ? 0U : random_.long_tailed(4200)) << " \""
          << (user_ % 4 == 0 ? "-" : "https://shop.example/") << "\" \""
          << kAgents[mix64(user_) % 100 * (mix64(user_) >> 20U & 3U) / 31 % std::size(kAgents)]
          << "\" rt=";
        t.thousandths(us / 1000 + 1) << " uct=0.00" << random_.below(3) << " trace=" << trace_;
        emit(kServices, p, false, scratch_);
    }

    void housekeeping() {
        const auto service = static_cast<std::uint32_t>(random_.below(kServices));
        const Service& s = kServiceTable[service];
        Pod& p = pod(service, static_cast<std::uint32_t>(random_.below(s.pods)));
        at_ns_ = now_ns_;
        const auto origin = origin_of(service, p, 2);
        switch (random_.below(6)) {
            case 0:
                line_.begin(origin, Level::kInfo, at_ns_, "cache statistics");
                line_.number("entries", random_.below(200'000));
                line_.number("hits", random_.below(9'000'000));
                line_.number("misses", random_.below(900'000));
                line_.number("evicted", random_.skewed(4000));
                break;
            case 1:
                line_.begin(origin, Level::kDebug, at_ns_, "heap after collection");
                line_.number("live_bytes", 200'000'000 + random_.below(90'000'000));
                line_.number("freed_bytes", random_.below(400'000'000));
                line_.span("pause", random_.long_tailed(700));
                break;
            case 2:
                line_.begin(origin, Level::kInfo, at_ns_, "consumer position");
                line_.text("group", s.name);
                line_.number("partition", random_.below(24));
                line_.number("lag", random_.skewed(30'000));
                break;
            case 3:
                line_.begin(origin, Level::kDebug, at_ns_, "health check passed");
                line_.text("check", random_.chance(0.5) ? "readiness" : "liveness");
                line_.span("took", random_.long_tailed(300));
                break;
            case 4:
                line_.begin(origin, Level::kInfo, at_ns_, "job finished");
                job_.clear();
                Text(job_).uuid(random_.next(), random_.next());
                line_.text("job", job_);
                line_.text("kind", random_.chance(0.7) ? "reindex" : "expire-sessions");
                line_.number("items", random_.long_tailed(500));
                line_.span("took", random_.long_tailed(2'000'000));
                break;
            default:
                line_.begin(origin, Level::kWarn, at_ns_, "connection pool is nearly exhausted");
                line_.number("in_use", random_.between(40, 50));
                line_.number("size", 50);
                line_.text("peer", address(0x0A000000U + random_.below(4096)));
                break;
        }
        emit(service, p, false, line_.end());
    }

    std::string_view number_text(std::string_view prefix, std::uint64_t v) {
        number_.assign(prefix);
        Text(number_) << v;
        return number_;
    }
    std::string_view address(std::uint64_t v) {
        number_.clear();
        Text(number_).ipv4(v);
        return number_;
    }

    const std::uint64_t seed_;
    Random random_;
    Streams streams_;
    Calendar calendar_;
    ServiceLine line_;
    Pod pods_[kServices + 1][16];
    Sink* sink_ = nullptr;
    std::uint64_t weights_ = 0;
    std::int64_t now_ns_ = kCorpusBeginNs;
    std::int64_t at_ns_ = 0;
    // The request under way.
    std::uint64_t trace_high_ = 0;
    std::uint64_t trace_low_ = 0;
    std::string trace_;
    std::uint64_t user_ = 0;
    std::uint64_t product_ = 0;
    std::uint64_t order_ = 0;
    std::uint64_t client_ = 0;
    std::uint64_t status_ = 0;
    std::uint64_t offset_ = 0;
    const Failure* failure_ = nullptr;
    std::string path_;
    std::string scratch_;
    std::string stack_;
    std::string number_;
    std::string job_;
};

}  // namespace

std::unique_ptr<Corpus> make_cloud(std::uint64_t seed) {
    return std::make_unique<Cloud>(seed);
}

}  // namespace logi::bench
