// logi query --tail: one live tail after the other, until it is stopped.
#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "io/clock.h"
#include "net/websocket_client.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <set>

namespace logi::cli {
namespace {

// How soon a signal is noticed.
constexpr Duration kListenTime = Duration::millis(200);
// After a connection that broke off.
constexpr unsigned kRetriesMax = 10;
constexpr Duration kBackoffMin = Duration::millis(250);
constexpr Duration kBackoffMax = Duration::seconds(10);
// A server that ends tails of some age wants them to be begun again.
constexpr std::string_view kTailEnded = "reached tail max duration limit";

// SIGINT and SIGTERM, taken when one has time.
class Signals {
  public:
    Signals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGINT);
        sigaddset(&set_, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    }
    // True if one came within `wait`.
    bool came(Duration wait) {
        const timespec time{wait.ns / kNanosPerSecond, wait.ns % kNanosPerSecond};
        came_ = came_ || ::sigtimedwait(&set_, nullptr, &time) > 0;
        return came_;
    }

  private:
    sigset_t set_{};
    bool came_ = false;
};

// What has been printed at the newest time: a tail that goes on there sends it again.
class Seen {
  public:
    // False if it was there already.
    bool add(const wire::AnswerLine& line) {
        if (line.ns > newest_ns_) {
            newest_ns_ = line.ns;
            lines_.clear();
        }
        return line.ns < newest_ns_ ||
               lines_.insert(absl::StrCat(line.labels->to_string(), " ", line.text)).second;
    }
    [[nodiscard]] bool empty() const { return lines_.empty(); }
    [[nodiscard]] std::int64_t newest_ns() const { return newest_ns_; }

  private:
    std::int64_t newest_ns_ = INT64_MIN;
    std::set<std::string> lines_;
};

class TailQuery {
  public:
    TailQuery(const QueryArgs& args, std::string start)
        : args_(args), start_(std::move(start)), printer_(args.print) {}

    int run() {
        const auto headers = client_headers(args_.client);
        if (!headers.ok()) {
            return fail(headers.status());
        }
        options_.headers = *headers;
        options_.tls = args_.client.tls;
        Status ended;
        while (retries_ <= kRetriesMax) {
            ended = follow();
            if (ended.ok()) {
                return 0;
            }
            if (!absl::IsUnavailable(ended) && !absl::IsDeadlineExceeded(ended)) {
                break;
            }
            std::fprintf(stderr, "logi: %s; connecting again\n", text(ended).c_str());
            const Duration pause = std::min(Duration{kBackoffMin.ns << retries_++}, kBackoffMax);
            if (signals_.came(pause)) {
                return 0;
            }
        }
        return fail(ended);
    }

  private:
    static std::string text(const Status& status) { return std::string(message_of(status)); }

    [[nodiscard]] std::string target() const {
        return absl::StrCat("/loki/api/v1/tail?query=",
                            net::url_encode(args_.query),
                            "&limit=",
                            args_.limit,
                            "&delay_for=",
                            args_.delay_for_s,
                            "&start=",
                            seen_.empty() ? start_ : absl::StrCat(seen_.newest_ns()));
    }

    // Prints until a signal comes. kUnavailable when it should be begun again.
    Status follow() {
        LOGI_ASSIGN_OR_RETURN(
            const auto socket,
            net::WebSocketClient::open(args_.client.addr, target(), options_, random_));
        while (!signals_.came(Duration{0})) {
            LOGI_ASSIGN_OR_RETURN(const auto event, socket->next(kListenTime));
            if (const auto* json = std::get_if<std::string>(&event)) {
                LOGI_RETURN_IF_ERROR(print(*json));
                retries_ = 0;
            } else if (const auto* close = std::get_if<net::WebSocketClose>(&event)) {
                return reason_of(*close);
            }
        }
        socket->close({net::WebSocketClose::kNormal, ""});
        return absl::OkStatus();
    }

    static Status reason_of(const net::WebSocketClose& close) {
        if (close.code == net::WebSocketClose::kNormal) {
            return absl::OkStatus();
        }
        const std::string text =
            absl::StrCat("the server has closed with ", close.code, ": ", close.reason);
        if (close.code == net::WebSocketClose::kGoingAway || close.reason == kTailEnded) {
            return absl::UnavailableError(text);
        }
        return absl::InvalidArgumentError(text);
    }

    // An output that is gone does not come back.
    static Status written(const Status& status) {
        return status.ok() ? status : absl::InternalError(status.message());
    }

    Status print(const std::string& json) {
        LOGI_ASSIGN_OR_RETURN(const wire::TailFrame frame, wire::parse_tail_frame(json));
        for (const wire::AnswerLine& line : frame.lines) {
            if (seen_.add(line)) {
                printer_.print(line);
            }
        }
        LOGI_RETURN_IF_ERROR(written(printer_.flush()));
        for (const wire::LostLine& line : frame.lost) {
            std::fprintf(stderr,
                         "logi: the server has left out a line, as we are slow: %s %s\n",
                         line.ns.c_str(),
                         line.labels.to_string().c_str());
        }
        return absl::OkStatus();
    }

    const QueryArgs& args_;
    const std::string start_;
    LinePrinter printer_;
    net::WebSocketOptions options_;
    io::SystemRandom random_;
    Signals signals_;
    Seen seen_;
    unsigned retries_ = 0;
};

}  // namespace

int tail_query(const QueryArgs& args) {
    if (!args.range.to.empty() || args.forward) {
        return fail(absl::InvalidArgumentError(
            "--tail has no end, and is oldest first: no --to, no --forward"));
    }
    if (const Status status = refuse_proxy(args.client, "a live tail"); !status.ok()) {
        return fail(status);
    }
    const auto range = resolve(args.range, io::SystemClock().now());
    if (!range.ok()) {
        return fail(range.status());
    }
    return TailQuery(args, absl::StrCat(range->start.ns)).run();
}

}  // namespace logi::cli
