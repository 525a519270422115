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

StatusOr<StoredBatch> prepare(const Batch& batch) {
    return StoredBatch{batch.tenant(), batch.entries(), batch.bytes(), batch.body()};
}

const std::vector<double> kSecondsBuckets = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

}  // namespace

StatusOr<std::unique_ptr<Client>> Client::make(const ClientConfig& config,
                                               const Deps& deps,
                                               Events events) {
    LOGI_ASSIGN_OR_RETURN(auto sender, Sender::make(config, deps.clock));
    std::shared_ptr<DiskBuffer> buffer;
    if (!config.buffer_dir.empty()) {
        LOGI_ASSIGN_OR_RETURN(buffer, DiskBuffer::open(deps.files, deps.random, config.buffer_dir));
    }
    auto client = std::unique_ptr<Client>(
        new Client(config, deps, std::move(events), std::move(sender), std::move(buffer)));
    if (!client->closed_.empty()) {
        deps.strand.post([self = client.get(), alive = client->alive_] {
            if (*alive) {
                self->send_next();
            }
        });
    }
    return client;
}

Client::Client(const ClientConfig& config,
               const Deps& deps,
               Events events,
               std::unique_ptr<Sender> sender,
               std::shared_ptr<DiskBuffer> buffer)
    : config_(config),
      deps_(deps),
      events_(std::move(events)),
      sender_(std::move(sender)),
      host_(sender_->host()),
      buffer_(std::move(buffer)),
      encoded_bytes_(deps.metrics.counter("promtail_encoded_bytes_total",
                                          "Bytes of requests, encoded and ready to send.",
                                          {{"host", host_}})),
      sent_bytes_(
          deps.metrics.counter("promtail_sent_bytes_total", "Bytes sent.", {{"host", host_}})),
      sent_entries_(deps.metrics.counter(
          "promtail_sent_entries_total", "Log entries sent.", {{"host", host_}})),
      buffered_bytes_(deps.metrics.gauge(
          "logi_agent_buffered_bytes", "Bytes in the buffer on disk.", {{"host", host_}})) {
    if (buffer_ != nullptr) {
        for (const DiskBuffer::Held& held : buffer_->found()) {
            closed_.push_back({nullptr, held.number, held.disk_bytes});
            buffer_bytes_ += held.disk_bytes;
            batches_ = std::max(batches_, held.number);
        }
    }
    buffered_bytes_.set(static_cast<double>(buffer_bytes_));
}

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
            closed_.push_back({batch, 0, 0});
            send_next();
            store_next();
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

void Client::hurry() {
    hurried_ = true;
    flush_if_hurried();
}

void Client::flush_if_hurried() {
    if (hurried_ && closed_.empty() && closing_ == 0 && state_ == State::kReady) {
        hurried_ = false;
        flush();
    }
}

void Client::stop() {
    stopping_ = true;
    if (state_ == State::kWaiting) {
        state_ = State::kStopped;
    }
    flush();
    store_next();
}

void Client::send_next() {
    if (state_ != State::kReady || closed_.empty()) {
        return;
    }
    state_ = State::kSending;
    deps_.executor.post_long([this,
                              alive = alive_,
                              sender = sender_,
                              next = closed_.front(),
                              prepared = prepared_,
                              buffer = buffer_,
                              &strand = deps_.strand,
                              &clock = deps_.clock,
                              &metrics = deps_.metrics,
                              encoded = encoded_bytes_]() mutable {
        if (prepared == nullptr) {
            auto made = next.batch == nullptr ? buffer->get(next.number) : prepare(*next.batch);
            if (!made.ok()) {
                strand.post([this, alive, why = made.status()] {
                    if (*alive) {
                        on_unreadable(why);
                    }
                });
                return;
            }
            prepared = std::make_shared<const StoredBatch>(*std::move(made));
            encoded.add(static_cast<double>(prepared->body.size()));
        }
        const Timestamp begin = clock.now();
        const StatusOr<PushAnswer> answer = sender->push(prepared->tenant, prepared->body);
        const int status = answer.ok() ? answer->status : kNoAnswer;
        metrics
            .histogram("promtail_request_duration_seconds",
                       "Duration of send requests.",
                       kSecondsBuckets,
                       {{"host", sender->host()}, {"status_code", std::to_string(status)}})
            .observe(static_cast<double>((clock.now() - begin).ns) / 1e9);
        std::string error =
            answer.ok() ? answer->first_line : std::string(answer.status().message());
        strand.post([this, alive, status, error = std::move(error), prepared] {
            if (*alive) {
                prepared_ = prepared;
                on_answer(status, error);
            }
        });
    });
}

void Client::on_answer(int status, const std::string& error) {
    if (status / 100 == 2) {
        sent_bytes_.add(static_cast<double>(prepared_->body.size()));
        sent_entries_.add(static_cast<double>(prepared_->entries));
        finish();
        return;
    }
    const std::string code = status == kNoAnswer ? std::string("none") : std::to_string(status);
    const base::LogFields fields = {
        {"host", host_}, {"tenant", front_tenant()}, {"status", code}, {"error", error}};
    ++failures_;
    if (!may_be_retried(status)) {
        base::log_error("a batch was refused and is dropped", fields);
        give_up("ingester_error");
    } else if (status == kTooManyRequests && config_.drop_rate_limited_batches) {
        base::log_warn("a batch was refused for its rate and is dropped", fields);
        give_up("rate_limited");
    } else if (stopping_) {
        base::log_warn("a batch is not delivered; files are read again after the next start",
                       fields);
        state_ = State::kStopped;
        store_next();
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
                 {{"host", host_}, {"tenant", front_tenant()}})
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
    store_next();
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
        {"host", host_}, {"tenant", prepared_->tenant}, {"reason", reason}};
    deps_.metrics.counter("promtail_dropped_bytes_total", "Bytes dropped.", labels)
        .add(static_cast<double>(prepared_->bytes));
    deps_.metrics.counter("promtail_dropped_entries_total", "Log entries dropped.", labels)
        .add(static_cast<double>(prepared_->entries));
    finish();
}

// What is on disk can wait for the next start.
void Client::finish() {
    const Closed done = std::move(closed_.front());
    closed_.pop_front();
    prepared_.reset();
    failures_ = 0;
    buffer_fails_ = false;
    const bool rests = stopping_ && !closed_.empty() && closed_.front().batch == nullptr;
    state_ = rests ? State::kStopped : State::kReady;
    if (done.batch != nullptr) {
        release(*done.batch);
    } else {
        buffer_bytes_ -= done.disk_bytes;
        buffered_bytes_.set(static_cast<double>(buffer_bytes_));
        remove_stored(done.number);
    }
    store_next();
    events_.on_done();
    flush_if_hurried();
    send_next();
}

// It is delivered, or on disk.
void Client::release(Batch& batch) {
    waiting_bytes_ -= batch.memory_bytes();
    --unfinished_;
    batch.release_all();
}

std::string Client::front_tenant() const {
    return prepared_ != nullptr               ? prepared_->tenant
           : closed_.front().batch != nullptr ? closed_.front().batch->tenant()
                                              : "";
}

// Of the buffer: damage is put out of the way, other errors may pass.
void Client::on_unreadable(const Status& why) {
    const std::uint64_t number = closed_.front().number;
    const base::LogFields fields = {
        {"host", host_}, {"batch", std::to_string(number)}, {"error", std::string(why.message())}};
    if (!absl::IsDataLoss(why) && !absl::IsNotFound(why)) {
        base::log_error("a buffered batch cannot be read and is tried again", fields);
        ++failures_;
        if (stopping_) {
            state_ = State::kStopped;
            events_.on_done();
        } else {
            retry();
        }
        return;
    }
    base::log_error("a buffered batch is lost", fields);
    deps_.executor.post_long([buffer = buffer_, number] {
        if (const Status status = buffer->set_aside(number); !status.ok()) {
            base::log_error("a damaged batch stays", {{"error", std::string(status.message())}});
        }
    });
    buffer_bytes_ -= closed_.front().disk_bytes;
    buffered_bytes_.set(static_cast<double>(buffer_bytes_));
    closed_.pop_front();
    state_ = stopping_ ? State::kStopped : State::kReady;
    events_.on_done();
    send_next();
}

// The first that waits in memory, if there is room on disk; null if there is none, or it need not
// wait.
std::shared_ptr<Batch> Client::first_to_store() const {
    if (buffer_ == nullptr || buffer_fails_ || (failures_ == 0 && state_ != State::kStopped)) {
        return nullptr;
    }
    const auto first = std::find_if(closed_.begin(), closed_.end(), [&](const Closed& closed) {
        const bool is_sent = &closed == &closed_.front() && state_ == State::kSending;
        return closed.batch != nullptr && !is_sent;
    });
    if (first == closed_.end() || buffer_bytes_ + first->batch->memory_bytes() >
                                      static_cast<std::uint64_t>(config_.buffer_bytes_max)) {
        return nullptr;
    }
    return first->batch;
}

// While the server takes nothing, one batch after another goes to disk.
void Client::store_next() {
    const std::shared_ptr<Batch> batch = storing_ ? nullptr : first_to_store();
    if (batch == nullptr) {
        return;
    }
    storing_ = true;
    deps_.executor.post_long(
        [this, alive = alive_, batch, buffer = buffer_, &strand = deps_.strand] {
            const auto stored = buffer->put(batch->id(), prepare(*batch).value());
            strand.post([this, alive, batch, stored] {
                if (*alive) {
                    on_stored(batch, stored);
                }
            });
        });
}

void Client::on_stored(const std::shared_ptr<Batch>& batch,
                       const StatusOr<std::uint64_t>& disk_bytes) {
    storing_ = false;
    const auto at = std::find_if(closed_.begin(), closed_.end(), [&](const Closed& closed) {
        return closed.batch == batch;
    });
    if (!disk_bytes.ok()) {
        base::log_error("the buffer on disk takes nothing",
                        {{"host", host_}, {"error", std::string(disk_bytes.status().message())}});
        buffer_fails_ = true;
    } else if (at == closed_.end()) {
        remove_stored(batch->id());  // it has arrived meanwhile
    } else {
        *at = {nullptr, batch->id(), *disk_bytes};
        buffer_bytes_ += *disk_bytes;
        buffered_bytes_.set(static_cast<double>(buffer_bytes_));
        release(*batch);
    }
    store_next();
    events_.on_done();
}

void Client::remove_stored(std::uint64_t number) {
    deps_.executor.post_long([buffer = buffer_, number] {
        if (const Status status = buffer->remove(number); !status.ok()) {
            base::log_error("a batch that has arrived stays in the buffer, to be sent again",
                            {{"error", std::string(status.message())}});
        }
    });
}

}  // namespace logi::agent
