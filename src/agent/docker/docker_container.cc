#include "agent/docker/docker_container.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "agent/jmespath/expression.h"
#include "base/log.h"

#include <algorithm>
#include <utility>

namespace logi::agent {
namespace {

constexpr std::size_t kInspectionBytesMax = 4U << 20U;
constexpr std::size_t kDockerRefusalBytesMax = 4U << 10U;
constexpr Duration kLogsTimeout = Duration::seconds(60);
// stdout and stderr are two, so lines may stand a little out of order. What is read twice is the
// same entry again.
constexpr Duration kOverlap = Duration::seconds(1);

std::string seconds_text(Timestamp time) {
    return absl::StrFormat("%d.%09d", time.ns / kNanosPerSecond, time.ns % kNanosPerSecond);
}

std::optional<Timestamp> time_of(const std::string& text) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    std::string fraction = dot < text.size() ? text.substr(dot + 1) : "";
    fraction.resize(9, '0');
    std::int64_t seconds = 0;
    std::int64_t ns = 0;
    if (!absl::SimpleAtoi(text.substr(0, dot), &seconds) || !absl::SimpleAtoi(fraction, &ns)) {
        return std::nullopt;
    }
    return Timestamp{} + Duration::seconds(seconds) + Duration{ns};
}

// Whether the container writes to a terminal.
bool has_terminal(const std::string& inspection) {
    const auto value = jmespath::parse_json(inspection);
    if (!value.ok()) {
        return false;
    }
    const jmespath::Value* config = value->member("Config");
    const jmespath::Value* tty = config == nullptr ? nullptr : config->member("Tty");
    return tty != nullptr && tty->truth();
}

}  // namespace

StatusOr<net::StreamRequest> docker_request(const DockerSdConfig& config, const std::string& path) {
    constexpr std::string_view kUnix = "unix://";
    constexpr std::string_view kTcp = "tcp://";
    const bool is_unix = config.host.starts_with(kUnix);
    std::string base = is_unix ? "http://docker" : config.host;
    if (base.starts_with(kTcp)) {
        base = absl::StrCat(config.client.tls.ca_file.empty() ? "http://" : "https://",
                            base.substr(kTcp.size()));
    }
    while (base.ends_with('/')) {
        base.pop_back();
    }
    LOGI_ASSIGN_OR_RETURN(auto request, request_to(config.client, base + path));
    if (is_unix) {
        request.unix_socket = config.host.substr(kUnix.size());
    }
    return request;
}

DockerContainer::DockerContainer(const DockerDeps& deps,
                                 std::string id,
                                 const std::optional<std::string>& saved)
    : deps_(deps),
      id_(std::move(id)),
      feed_(deps.feed,
            deps.scrape.pipeline,
            Labels(),
            0,
            [this](std::uint64_t position) {
                places_.set_delivered(position);
                work();
            }),
      label_sets_(feed_),
      release_(deps.http.executor,
               deps.http.strand,
               Feed::kReleasePause,
               [this] {
                   feed_.release(deps_.clock.now(), false);
                   return feed_.holds() && !stopped_;
               }),
      saved_(saved.has_value() ? time_of(*saved) : std::nullopt),
      entries_(
          deps.metrics.counter("promtail_docker_target_entries_total",
                               "Total number of successful entries sent to the Docker target")) {
    if (deps.observer) {
        feed_.observe(deps.observer);
    }
}

DockerContainer::~DockerContainer() {
    stop();
    *alive_ = false;
}

void DockerContainer::stop() {
    stopped_ = true;
    if (stream_.has_value()) {
        deps_.http.streams.cancel(*std::exchange(stream_, std::nullopt));
    }
}

std::optional<std::string> DockerContainer::saved_place() const {
    const auto& place = places_.delivered().has_value() ? places_.delivered() : saved_;
    return place.has_value() ? std::optional<std::string>(seconds_text(*place)) : std::nullopt;
}

void DockerContainer::follow() {
    if (following_ || stopped_) {
        return;
    }
    following_ = true;
    ++attempt_;
    auto request = docker_request(deps_.config, absl::StrCat("/containers/", id_, "/json"));
    if (!request.ok()) {
        end(request.status());
        return;
    }
    request->timeout = kLogsTimeout;
    fetch(deps_.http,
          *std::move(request),
          kInspectionBytesMax,
          [this, alive = alive_](const StatusOr<std::string>& answer) {
              if (*alive && !stopped_) {
                  on_inspected(answer);
              }
          });
}

void DockerContainer::on_inspected(const StatusOr<std::string>& answer) {
    if (!answer.ok()) {
        end(answer.status());
        return;
    }
    open_logs(!has_terminal(*answer));
}

void DockerContainer::open_logs(bool has_frames) {
    const auto from = last_read_.has_value() ? last_read_ : saved_;
    auto request =
        docker_request(deps_.config,
                       absl::StrCat("/containers/",
                                    id_,
                                    "/logs?follow=1&stdout=1&stderr=1&timestamps=1&since=",
                                    from.has_value() ? seconds_text(*from - kOverlap) : "0"));
    if (!request.ok()) {
        end(request.status());
        return;
    }
    lines_.emplace(has_frames);
    refusal_.clear();
    ended_.reset();
    const auto on_strand = [this, alive = alive_, &strand = deps_.http.strand](auto body) {
        strand.post([this, alive, body = std::move(body)] {
            if (*alive && !stopped_) {
                body(*this);
            }
        });
    };
    stream_ = deps_.http.streams.get(
        *std::move(request),
        {[on_strand, attempt = attempt_](int status, std::string_view bytes) {
             on_strand([attempt, status, text = std::string(bytes)](DockerContainer& self) {
                 self.take_bytes(attempt, status, text);
             });
             return false;  // the next when these are taken
         },
         [on_strand, attempt = attempt_](const StatusOr<int>& status) {
             on_strand(
                 [attempt, status](DockerContainer& self) { self.take_end(attempt, status); });
         }});
}

void DockerContainer::take_bytes(std::uint64_t attempt, int status, const std::string& bytes) {
    if (attempt != attempt_) {
        return;
    }
    if (status != 200) {
        refusal_ = (refusal_ + bytes).substr(0, kDockerRefusalBytesMax);
        deps_.http.streams.resume(*stream_);
        return;
    }
    pending_ += bytes;
    work();
}

void DockerContainer::take_end(std::uint64_t attempt, const StatusOr<int>& status) {
    if (attempt == attempt_) {
        stream_.reset();
        ended_ = status;
        work();
    }
}

void DockerContainer::work() {
    if (working_ || resting_ || stopped_ || !following_ || places_.full() ||
        !deps_.feed.delivery.has_room()) {
        return;
    }
    if (!pending_.empty()) {
        const std::string bytes = std::exchange(pending_, {});
        working_ = true;
        const Status status =
            lines_->take(bytes, [this](const DockerLine& line) { take_line(line); });
        working_ = false;
        if (feed_.holds()) {
            release_.start();
        }
        if (!status.ok()) {
            if (stream_.has_value()) {
                deps_.http.streams.cancel(*std::exchange(stream_, std::nullopt));
            }
            end(status);
            return;
        }
        if (stream_.has_value()) {
            deps_.http.streams.resume(*stream_);
        }
        rest();
    }
    if (ended_.has_value() && !resting_) {
        const StatusOr<int> status = *std::exchange(ended_, std::nullopt);
        end(!status.ok()     ? status.status()
            : *status == 200 ? absl::OkStatus()
                             : refused(absl::StrCat("the logs of ", id_), *status, refusal_));
    }
}

void DockerContainer::take_line(const DockerLine& line) {
    last_read_ = std::max(last_read_.value_or(line.time), line.time);
    const std::uint64_t position =
        places_.add(std::max(line.time, places_.delivered().value_or(line.time)));
    const auto& labels = labels_[line.is_error ? 1 : 0];
    if (!labels.has_value()) {
        feed_.pass_over(position);
        return;
    }
    entries_.add();
    const Duration rest = feed_.take({.text = line.text,
                                      .from = position - 1,
                                      .to = position,
                                      .read_time = line.time,
                                      .own_time = line.time,
                                      .guessed = std::nullopt},
                                     label_sets_.keep(*labels));
    rest_.ns += rest.ns;
}

void DockerContainer::rest() {
    if (rest_.ns == 0) {
        return;
    }
    resting_ = true;
    deps_.http.executor.post_after(std::exchange(rest_, Duration{}),
                                   [this, alive = alive_, &strand = deps_.http.strand] {
                                       strand.post([this, alive] {
                                           if (*alive) {
                                               resting_ = false;
                                               work();
                                           }
                                       });
                                   });
}

void DockerContainer::end(const Status& status) {
    following_ = false;
    ++attempt_;
    const std::string error(status.message());
    if (!error.empty() && error != last_error_) {
        base::log_error("the output of a container cannot be read; it is tried again",
                        {{"container", id_}, {"error", error}});
    }
    last_error_ = error;
}

}  // namespace logi::agent
