#include "rule/remote_write.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "rule/write_request.h"

#include <algorithm>
#include <utility>

namespace logi::rule {
namespace {

constexpr int kTooMany = 429;
constexpr Duration kBackoffLeast = Duration::millis(1);

}  // namespace

base::Counter RemoteWrite::counter(const char* name, const char* help) const {
    return deps_.metrics.counter(absl::StrCat("loki_ruler_wal_prometheus_remote_storage_", name),
                                 help,
                                 {{"tenant", options_.tenant}, {"remote_name", options_.client}});
}

RemoteWrite::RemoteWrite(const Deps& deps, Options options)
    : deps_(deps),
      options_(std::move(options)),
      folder_(absl::StrCat(kQueueFolder,
                           "/",
                           bucket::escape_key_part(options_.tenant),
                           "/",
                           bucket::escape_key_part(options_.client))),
      backoff_(options_.config.backoff_min),
      appended_(deps.metrics.counter("loki_ruler_wal_samples_appended_total",
                                     "Recorded samples that were taken into the queue.",
                                     {{"tenant", options_.tenant}})),
      sent_(counter("samples_total", "Recorded samples that were sent.")),
      failed_(counter("samples_failed_total", "Recorded samples that were refused.")),
      dropped_(counter("samples_dropped_total",
                       "Recorded samples that the queue had no room for, or that were damaged.")),
      retried_(counter("samples_retried_total", "Recorded samples that are sent once more.")),
      pending_bytes_(
          deps.metrics.gauge("logi_ruler_queue_bytes",
                             "Recorded samples that wait to be sent.",
                             {{"tenant", options_.tenant}, {"remote_name", options_.client}})) {}

std::string RemoteWrite::key_of(std::uint64_t number) const {
    return absl::StrCat(folder_, "/", absl::StrFormat("%020d", number));
}

StatusOr<std::shared_ptr<RemoteWrite>> RemoteWrite::make(const Deps& deps, Options options) {
    std::shared_ptr<RemoteWrite> made(new RemoteWrite(deps, std::move(options)));
    const RemoteWriteClient& config = made->options_.config;
    for (const RelabelOptions& each : config.relabel) {
        LOGI_ASSIGN_OR_RETURN(RelabelRule rule, RelabelRule::make(each));
        made->relabel_.push_back(std::move(rule));
    }
    LOGI_ASSIGN_OR_RETURN(made->client_,
                          OutgoingClient::make(config.url, config.http, config.timeout));
    LOGI_ASSIGN_OR_RETURN(const auto objects, deps.queues.list(made->folder_));
    {
        const base::MutexLock lock(made->mutex_);
        for (const auto& object : objects) {
            std::uint64_t number = 0;
            if (absl::SimpleAtoi(object.key.substr(object.key.rfind('/') + 1), &number)) {
                made->held_.push_back({number, object.size});
                made->bytes_ += object.size;
                made->next_number_ = number + 1;
            }
        }
        made->pending_bytes_.set(static_cast<double>(made->bytes_));
    }
    made->start();
    return made;
}

Status RemoteWrite::append(const std::vector<RecordedSample>& samples) {
    std::vector<RecordedSample> batch;
    const auto most =
        static_cast<std::size_t>(std::max<std::int64_t>(options_.config.samples_per_send_max, 1));
    for (const RecordedSample& sample : samples) {
        std::vector<LabelPair> labels = sample.labels.pairs();
        if (!relabel(relabel_, labels)) {
            continue;
        }
        batch.push_back({Labels::from_pairs(std::move(labels)), sample.value, sample.time});
        if (batch.size() == most) {
            LOGI_RETURN_IF_ERROR(put(batch));
            batch.clear();
        }
    }
    if (!batch.empty()) {
        LOGI_RETURN_IF_ERROR(put(batch));
    }
    start();
    return absl::OkStatus();
}

Status RemoteWrite::put(const std::vector<RecordedSample>& samples) {
    const std::string object = encode_samples(samples);
    {
        // Numbers are in the order in which samples come.
        const base::MutexLock lock(mutex_);
        const std::uint64_t number = next_number_++;
        LOGI_RETURN_IF_ERROR(deps_.queues.put(key_of(number), object));
        held_.push_back({number, object.size()});
        bytes_ += object.size();
        pending_bytes_.set(static_cast<double>(bytes_));
    }
    appended_.add(static_cast<double>(samples.size()));
    drop_oldest();
    return absl::OkStatus();
}

void RemoteWrite::drop_oldest() {
    while (true) {
        Held oldest;
        {
            const base::MutexLock lock(mutex_);
            // The last is what has just come.
            if (bytes_ <= options_.queue_bytes_max || held_.size() < 2) {
                return;
            }
            oldest = held_.front();
        }
        const auto object = deps_.queues.get(key_of(oldest.number));
        const auto samples = object.ok() ? decode_samples(*object) : object.status();
        dropped_.add(samples.ok() ? static_cast<double>(samples->size()) : 1);
        base::log_error("recorded samples are dropped: the queue is full",
                        {{"tenant", options_.tenant}, {"client", options_.client}});
        remove({oldest});
    }
}

void RemoteWrite::start() {
    {
        const base::MutexLock lock(mutex_);
        if (working_ || stopped_ || held_.empty()) {
            return;
        }
        working_ = true;
    }
    deps_.executor.post([self = shared_from_this()] { self->work(); });
}

void RemoteWrite::stop() {
    const base::MutexLock lock(mutex_);
    stopped_ = true;
}

RemoteWrite::Batch RemoteWrite::oldest() {
    std::vector<Held> all;
    {
        const base::MutexLock lock(mutex_);
        all.assign(held_.begin(), held_.end());
    }
    const auto most = static_cast<std::size_t>(options_.config.samples_per_send_max);
    Batch batch;
    for (const Held& held : all) {
        const auto object = deps_.queues.get(key_of(held.number));
        if (absl::IsUnavailable(object.status())) {
            break;
        }
        if (absl::IsNotFound(object.status())) {
            batch.held.push_back(held);  // it was dropped meanwhile
            continue;
        }
        auto samples = object.ok() ? decode_samples(*object) : object.status();
        if (!samples.ok()) {
            dropped_.add();
            base::log_error("recorded samples cannot be read",
                            {{"tenant", options_.tenant},
                             {"client", options_.client},
                             {"error", std::string(samples.status().message())}});
            batch.held.push_back(held);
            continue;
        }
        if (!batch.samples.empty() && batch.samples.size() + samples->size() > most) {
            break;
        }
        batch.held.push_back(held);
        batch.samples.insert(batch.samples.end(), samples->begin(), samples->end());
    }
    return batch;
}

RemoteWrite::Outcome RemoteWrite::send(const std::vector<RecordedSample>& samples,
                                       Duration& retry_after) {
    std::vector<net::Header> headers = {{"Content-Type", "application/x-protobuf"},
                                        {"Content-Encoding", "snappy"},
                                        {"X-Prometheus-Remote-Write-Version", "0.1.0"}};
    if (options_.org_id_header) {
        headers.emplace_back("X-Scope-OrgID", options_.tenant);
    }
    // The address names the whole path.
    const auto answer = client_->post("", std::move(headers), write_request(samples));
    if (answer.ok() && answer->status / 100 == 2) {
        return Outcome::kDone;
    }
    const bool later = !answer.ok() || answer->status / 100 == 5 ||
                       (answer->status == kTooMany && options_.config.retry_on_429);
    retry_after = answer.ok() ? answer->retry_after : Duration{};
    base::log_warn(later ? "recorded samples cannot be sent now" : "recorded samples are refused",
                   {{"tenant", options_.tenant},
                    {"client", options_.client},
                    {"samples", std::to_string(samples.size())},
                    {"error",
                     answer.ok() ? absl::StrCat(answer->status, " ", answer->text)
                                 : std::string(answer.status().message())}});
    return later ? Outcome::kLater : Outcome::kRefused;
}

void RemoteWrite::work() {
    {
        const base::MutexLock lock(mutex_);
        if (stopped_ || held_.empty()) {
            working_ = false;
            return;
        }
    }
    const Batch batch = oldest();
    Duration retry_after;
    const Outcome outcome = batch.held.empty()      ? Outcome::kLater
                            : batch.samples.empty() ? Outcome::kDone
                                                    : send(batch.samples, retry_after);
    const auto count = static_cast<double>(batch.samples.size());
    if (outcome == Outcome::kLater) {
        retried_.add(count);
        const Duration wait = std::max({backoff_, retry_after, kBackoffLeast});
        backoff_ = std::min(Duration{backoff_.ns * 2}, options_.config.backoff_max);
        deps_.executor.post_after(wait, [self = shared_from_this()] {
            self->deps_.executor.post([self] { self->work(); });
        });
        return;
    }
    (outcome == Outcome::kDone ? sent_ : failed_).add(count);
    backoff_ = options_.config.backoff_min;
    remove(batch.held);
    deps_.executor.post([self = shared_from_this()] { self->work(); });
}

void RemoteWrite::remove(const std::vector<Held>& held) {
    for (const Held& each : held) {
        if (const Status s = deps_.queues.remove(key_of(each.number));
            !s.ok() && !absl::IsNotFound(s)) {
            base::log_warn("sent samples cannot be removed, and may be sent again",
                           {{"error", std::string(s.message())}});
        }
        const base::MutexLock lock(mutex_);
        const auto it = std::find_if(held_.begin(), held_.end(), [&](const Held& other) {
            return other.number == each.number;
        });
        if (it != held_.end()) {
            bytes_ -= it->bytes;
            held_.erase(it);
        }
        pending_bytes_.set(static_cast<double>(bytes_));
    }
}

}  // namespace logi::rule
