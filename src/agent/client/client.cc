#include "agent/client/client.h"

#include "absl/strings/str_cat.h"
#include "agent/client/sender.h"
#include "base/log.h"

#include <algorithm>
#include <utility>

namespace logi::agent {
namespace {

constexpr int kNoAnswer = -1;
constexpr int kTooManyRequests = 429;

bool may_be_retried(int status) {
    return status == kNoAnswer || status == kTooManyRequests || status / 100 == 5;
}

const std::vector<double> kSecondsBuckets = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

}  // namespace

StatusOr<std::unique_ptr<Client>> Client::make(const ClientConfig& config,
                                               const Deps& deps,
                                               Events events) {
    LOGI_ASSIGN_OR_RETURN(auto sender, Sender::make(config));
    return std::unique_ptr<Client>(new Client(config, deps, std::move(events), std::move(sender)));
}

Client::Client(const ClientConfig& config,
               const Deps& deps,
               Events events,
               std::unique_ptr<Sender> sender)
    : config_(config),
      deps_(deps),
      events_(std::move(events)),
      sender_(std::move(sender)),
      host_(sender_->host()),
      encoded_bytes_(deps.metrics.counter("promtail_encoded_bytes_total",
                                          "Bytes of requests, encoded and ready to send.",
                                          {{"host", host_}})),
      sent_bytes_(
          deps.metrics.counter("promtail_sent_bytes_total", "Bytes sent.", {{"host", host_}})),
      sent_entries_(deps.metrics.counter(
          "promtail_sent_entries_total", "Log entries sent.", {{"host", host_}})) {}

Client::~Client() {
    *alive_ = false;
}

std::string Client::labels_of(const Entry& entry) const {
    std::vector<LabelPair> pairs;
    for (const LabelPair& pair : entry.labels.pairs()) {
        if (!pair.name.starts_with(kReservedPrefix)) {
            pairs.push_back(pair);
        }
    }
    for (const auto& [name, value] : config_.external_labels) {
        if (entry.labels.find(name) == nullptr) {
            pairs.push_back({name, value});
        }
    }
    return Labels::from_pairs(std::move(pairs)).to_string();
}

void Client::make_room(const std::string& tenant, std::size_t bytes) {
    const auto at = open_.find(tenant);
    const auto max = static_cast<std::size_t>(config_.batch_bytes);
    // Empty lines take memory, too.
    if (at != open_.end() &&
        (at->second->bytes() + bytes > max || at->second->memory_bytes() > 4 * max)) {
        close(at);
    }
}

void Client::add(const Entry& entry,
                 std::string_view key,
                 const std::string& tenant,
                 const std::shared_ptr<Progress>& progress,
                 std::uint64_t run) {
    std::unique_ptr<Batch>& batch = open_[tenant];
    if (batch == nullptr) {
        batch = std::make_unique<Batch>(++batches_, tenant);
        ++unfinished_;
        close_after_wait(tenant, batch->id());
    }
    const std::size_t before = batch->memory_bytes();
    batch->add(entry, key, [&] { return labels_of(entry); });
    batch->hold(progress, run);
    waiting_bytes_ += batch->memory_bytes() - before;
}

void Client::close_after_wait(const std::string& tenant, std::uint64_t batch) {
    deps_.executor.post_after(config_.batch_wait,
                              [this, alive = alive_, &strand = deps_.strand, tenant, batch] {
                                  strand.post([this, alive, tenant, batch] {
                                      if (!*alive) {
                                          return;
                                      }
                                      const auto at = open_.find(tenant);
                                      if (at != open_.end() && at->second->id() == batch) {
                                          close(at);
                                      }
                                  });
                              });
}

void Client::close(std::map<std::string, std::unique_ptr<Batch>>::iterator at) {
    std::shared_ptr<Batch> batch = std::move(at->second);
    open_.erase(at);
    ++closing_;
    events_.on_closed([this, alive = alive_, batch] {
        if (*alive) {
            --closing_;
            closed_.push_back(batch);
            send_next();
            if (stopping_) {
                events_.on_done();
            }
        }
    });
}

void Client::flush() {
    while (!open_.empty()) {
        close(open_.begin());
    }
}

void Client::stop() {
    stopping_ = true;
    if (state_ == State::kWaiting) {
        state_ = State::kStopped;
    }
    flush();
}

void Client::send_next() {
    if (state_ != State::kReady || closed_.empty()) {
        return;
    }
    state_ = State::kSending;
    deps_.executor.post_long([this,
                              alive = alive_,
                              sender = sender_,
                              batch = closed_.front(),
                              body = body_,
                              &strand = deps_.strand,
                              &clock = deps_.clock,
                              &metrics = deps_.metrics,
                              encoded = encoded_bytes_]() mutable {
        if (body == nullptr) {
            body = std::make_shared<const std::string>(batch->body());
            encoded.add(static_cast<double>(body->size()));
        }
        const Timestamp begin = clock.now();
        const StatusOr<PushAnswer> answer = sender->push(batch->tenant(), *body);
        const int status = answer.ok() ? answer->status : kNoAnswer;
        metrics
            .histogram("promtail_request_duration_seconds",
                       "Duration of send requests.",
                       kSecondsBuckets,
                       {{"host", sender->host()}, {"status_code", std::to_string(status)}})
            .observe(static_cast<double>((clock.now() - begin).ns) / 1e9);
        std::string error =
            answer.ok() ? answer->first_line : std::string(answer.status().message());
        strand.post([this, alive, status, error = std::move(error), body] {
            if (*alive) {
                body_ = body;
                on_answer(status, error);
            }
        });
    });
}

void Client::on_answer(int status, const std::string& error) {
    if (status / 100 == 2) {
        sent_bytes_.add(static_cast<double>(body_->size()));
        sent_entries_.add(static_cast<double>(closed_.front()->entries()));
        finish();
        return;
    }
    const std::string code = status == kNoAnswer ? std::string("none") : std::to_string(status);
    const base::LogFields fields = {
        {"host", host_}, {"tenant", closed_.front()->tenant()}, {"status", code}, {"error", error}};
    ++failures_;
    if (!may_be_retried(status)) {
        base::log_error("a batch was refused and is dropped", fields);
        give_up("ingester_error");
    } else if (status == kTooManyRequests && config_.drop_rate_limited_batches) {
        base::log_warn("a batch was refused for its rate and is dropped", fields);
        give_up("rate_limited");
    } else if (stopping_) {
        base::log_warn("a batch is not delivered; it is read again after the next start", fields);
        state_ = State::kStopped;
        events_.on_done();
    } else if (config_.retries_max > 0 &&
               failures_ > static_cast<std::uint64_t>(config_.retries_max)) {
        base::log_error("a batch did not arrive and is dropped after max_retries", fields);
        give_up(status == kTooManyRequests ? "rate_limited" : "ingester_error");
    } else {
        base::log_warn("a batch did not arrive and is tried again", fields);
        retry();
    }
}

void Client::retry() {
    deps_.metrics
        .counter("promtail_batch_retries_total",
                 "Number of times batches has had to be retried.",
                 {{"host", host_}, {"tenant", closed_.front()->tenant()}})
        .add();
    std::int64_t longest = config_.backoff_min.ns;
    for (std::uint64_t i = 1; i < failures_ && longest < config_.backoff_max.ns; ++i) {
        longest *= 2;
    }
    longest = std::min(longest, config_.backoff_max.ns);
    // Between half of it and all of it, so that agents do not come in step.
    const auto half = static_cast<std::uint64_t>(std::max<std::int64_t>(longest, 2) / 2);
    const Duration wait{static_cast<std::int64_t>(half + deps_.random.below(half))};
    state_ = State::kWaiting;
    deps_.executor.post_after(wait, [this, alive = alive_, &strand = deps_.strand] {
        strand.post([this, alive] {
            if (*alive && state_ == State::kWaiting) {
                state_ = State::kReady;
                send_next();
            }
        });
    });
}

void Client::give_up(const std::string& reason) {
    const base::MetricLabels labels = {
        {"host", host_}, {"tenant", closed_.front()->tenant()}, {"reason", reason}};
    deps_.metrics.counter("promtail_dropped_bytes_total", "Bytes dropped.", labels)
        .add(static_cast<double>(closed_.front()->bytes()));
    deps_.metrics.counter("promtail_dropped_entries_total", "Log entries dropped.", labels)
        .add(static_cast<double>(closed_.front()->entries()));
    finish();
}

void Client::finish() {
    const std::shared_ptr<Batch> batch = std::move(closed_.front());
    closed_.pop_front();
    body_.reset();
    failures_ = 0;
    state_ = State::kReady;
    waiting_bytes_ -= batch->memory_bytes();
    --unfinished_;
    batch->release_all();
    events_.on_done();
    send_next();
}

}  // namespace logi::agent
