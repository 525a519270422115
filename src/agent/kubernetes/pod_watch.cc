#include "agent/kubernetes/pod_watch.h"

#include "absl/strings/str_cat.h"
#include "agent/discovery/json_members.h"
#include "agent/jmespath/expression.h"
#include "base/log.h"

#include <algorithm>
#include <utility>

namespace logi::agent {
namespace {

constexpr std::size_t kPageBytesMax = 64U << 20U;
constexpr std::size_t kEventBytesMax = 8U << 20U;
constexpr std::size_t kWatchRefusalBytesMax = 4U << 10U;
constexpr int kPodsOfPage = 500;
// After which the server ends a watch; one that has not ended later than that has broken off.
constexpr int kWatchSeconds = 300;
constexpr Duration kListTimeout = Duration::seconds(60);
constexpr Duration kWatchTimeout = Duration::seconds(kWatchSeconds + 30);
constexpr Duration kPauseMin = Duration::millis(200);
constexpr Duration kPauseMax = Duration::seconds(30);

std::string version_of(const jmespath::Value& object) {
    const jmespath::Value* metadata = object.member("metadata");
    return metadata == nullptr ? "" : text_of(*metadata, "resourceVersion");
}

// What is said line by line, of which a line may be too long.
struct Lines {
    std::string open;
    std::string refusal;  // what an answer says that is no watch
    bool too_long = false;

    void take(std::string_view bytes, const std::function<void(std::string)>& on_line) {
        open.append(bytes);
        std::size_t at = 0;
        for (std::size_t end = open.find('\n'); end != std::string::npos;
             end = open.find('\n', at)) {
            on_line(open.substr(at, end - at));
            at = end + 1;
        }
        open.erase(0, at);
        too_long = too_long || open.size() > kEventBytesMax;
    }
};

}  // namespace

PodWatch::PodWatch(const HttpDeps& deps,
                   const HttpClientConfig& client,
                   std::string url,
                   std::string query,
                   Events events)
    : deps_(deps),
      client_(client),
      url_(std::move(url)),
      query_(std::move(query)),
      events_(std::move(events)) {}

PodWatch::~PodWatch() {
    stop();
    *alive_ = false;
}

void PodWatch::stop() {
    stopped_ = true;
    if (stream_.has_value()) {
        deps_.streams.cancel(*std::exchange(stream_, std::nullopt));
    }
}

StatusOr<net::StreamRequest> PodWatch::request(const std::string& query) const {
    LOGI_ASSIGN_OR_RETURN(
        auto request,
        request_to(client_, absl::StrCat(url_, "?", query_, query_.empty() ? "" : "&", query)));
    request.headers.emplace_back("Accept", "application/json");
    return request;
}

void PodWatch::list(const std::string& from) {
    if (from.empty()) {
        pages_.clear();
    }
    auto page = request(absl::StrCat(
        "limit=", kPodsOfPage, from.empty() ? "" : "&continue=", net::url_encode(from)));
    if (!page.ok()) {
        try_again(page.status(), true);
        return;
    }
    page->timeout = kListTimeout;
    fetch(deps_,
          *std::move(page),
          kPageBytesMax,
          [this, alive = alive_](const StatusOr<std::string>& body) {
              if (!*alive || stopped_) {
                  return;
              }
              const Status status = body.ok() ? take_page(*body) : body.status();
              if (!status.ok()) {
                  try_again(status, true);
              }
          });
}

Status PodWatch::take_page(const std::string& body) {
    LOGI_ASSIGN_OR_RETURN(const auto page, jmespath::parse_json(body));
    const std::string version = version_of(page);
    if (version.empty()) {
        return absl::InvalidArgumentError(absl::StrCat(url_, ": the answer is no list of pods"));
    }
    const jmespath::Array& pods = items_of(page, "items");
    pages_.insert(pages_.end(), pods.begin(), pods.end());
    const std::string next = text_of(*page.member("metadata"), "continue");
    if (!next.empty()) {
        list(next);
        return absl::OkStatus();
    }
    version_ = version;
    pause_ = {};
    events_.on_all(std::exchange(pages_, {}));
    watch();
    return absl::OkStatus();
}

std::function<void(std::function<void()>)> PodWatch::later() {
    return [this, alive = alive_, attempt = attempt_, &strand = deps_.strand](
               std::function<void()> body) {
        strand.post([this, alive, attempt, body = std::move(body)] {
            if (*alive && !stopped_ && attempt == attempt_) {
                body();
            }
        });
    };
}

void PodWatch::watch() {
    if (stopped_) {
        return;
    }
    auto changes = request(absl::StrCat("watch=true&allowWatchBookmarks=true&timeoutSeconds=",
                                        kWatchSeconds,
                                        "&resourceVersion=",
                                        net::url_encode(version_)));
    if (!changes.ok()) {
        try_again(changes.status(), false);
        return;
    }
    changes->timeout = kWatchTimeout;
    ++attempt_;
    heard_ = false;
    const auto lines = std::make_shared<Lines>();
    stream_ = deps_.streams.get(
        *std::move(changes),
        {[this, lines, run = later()](int status, std::string_view bytes) {
             if (status != 200) {
                 lines->refusal.append(
                     bytes.substr(0, kWatchRefusalBytesMax - lines->refusal.size()));
                 return true;
             }
             lines->take(bytes, [&](std::string line) {
                 run([this, line = std::move(line)] { take_line(line); });
             });
             run([this, too_long = lines->too_long] {
                 if (too_long) {
                     end_watch(absl::OutOfRangeError(url_ + ": an event is too long"));
                 } else if (stream_.has_value()) {
                     deps_.streams.resume(*stream_);
                 }
             });
             return false;  // the next when these are taken
         },
         [this, lines, run = later()](const StatusOr<int>& status) {
             run([this, status, refusal = lines->refusal] { take_end(status, refusal); });
         }});
}

void PodWatch::take_line(const std::string& line) {
    heard_ = true;
    if (const Status status = apply(line); !status.ok()) {
        end_watch(status);
    }
}

void PodWatch::end_watch(const Status& why) {
    if (stream_.has_value()) {
        deps_.streams.cancel(*std::exchange(stream_, std::nullopt));
    }
    try_again(why, true);
}

Status PodWatch::apply(const std::string& line) {
    if (line.empty() || line == "\r") {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(const auto event, jmespath::parse_json(line));
    const std::string type = text_of(event, "type");
    const jmespath::Value* object = event.member("object");
    if (object == nullptr || type == "ERROR") {
        return absl::OutOfRangeError(absl::StrCat(
            url_,
            ": ",
            object == nullptr ? "an event without object" : text_of(*object, "message")));
    }
    if (const std::string version = version_of(*object); !version.empty()) {
        version_ = version;
    }
    if (type == "ADDED" || type == "MODIFIED") {
        events_.on_changed(*object);
    } else if (type == "DELETED") {
        events_.on_removed(*object);
    }
    return absl::OkStatus();
}

void PodWatch::take_end(const StatusOr<int>& status, const std::string& refusal) {
    stream_.reset();
    if (!status.ok()) {
        try_again(status.status(), false);
    } else if (*status != 200) {
        try_again(refused(url_, *status, refusal), *status == 410);
    } else if (heard_) {
        pause_ = {};
        watch();
    } else {
        try_again(absl::OkStatus(), false);  // not at once: it may end every time
    }
}

// `from_the_list`: what changed since is not to be had any more.
void PodWatch::try_again(const Status& why, bool from_the_list) {
    ++attempt_;
    if (!why.ok() && !absl::IsOutOfRange(why)) {
        base::log_warn("kubernetes_sd_configs: the pods stay as they are for now",
                       {{"error", std::string(why.message())}});
    }
    const Duration pause = pause_;
    pause_ = std::clamp(Duration{pause_.ns * 2}, kPauseMin, kPauseMax);
    deps_.executor.post_after(pause, [this, alive = alive_, from_the_list, &strand = deps_.strand] {
        strand.post([this, alive, from_the_list] {
            if (!*alive || stopped_) {
                return;
            }
            if (from_the_list) {
                list("");
            } else {
                watch();
            }
        });
    });
}

}  // namespace logi::agent
