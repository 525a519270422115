#include "tail/follower.h"

namespace logi::tail {
namespace {

// An entry can be found in the store a moment before it comes as news.
constexpr Duration kKnownTime = Duration::seconds(5);

}  // namespace

Follower::~Follower() {
    shared_->bytes.fetch_sub(waiting_bytes_ + history_bytes_);
}

void Follower::on_news(std::function<void()> wake) {
    const base::MutexLock lock(mutex_);
    wake_ = std::move(wake);
}

void Follower::wake() const {
    std::function<void()> wake;
    {
        const base::MutexLock lock(mutex_);
        wake = wake_;
    }
    if (wake) {
        wake();
    }
}

void Follower::wake_later() const {
    if (delay_.ns <= 0) {
        wake();
        return;
    }
    shared_->executor.post_after(delay_, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->wake();
        }
    });
}

Status Follower::begin(std::vector<query::LogRow> history) {
    {
        const base::MutexLock lock(mutex_);
        const Timestamp now = shared_->clock.now();
        known_until_ = now + kKnownTime;
        BatchMaker maker(shared_->render);
        const auto put = [&](std::shared_ptr<const LiveBatch> batch) LOGI_REQUIRES(mutex_) {
            if (batch != nullptr) {
                history_bytes_ += batch->bytes();
                shared_->bytes.fetch_add(batch->bytes());
                history_.push_back(std::move(batch));
            }
        };
        for (auto& row : history) {
            known_.insert(key_of(row));
            known_last_ = std::max(known_last_, row.time);
            put(maker.add(std::move(row)));
        }
        put(maker.take());
        if (shared_->bytes.load() > shared_->bytes_max) {
            history_.clear();
            shared_->bytes.fetch_sub(std::exchange(history_bytes_, 0));
            return absl::ResourceExhaustedError("too much waits for those who follow live tails");
        }
        for (auto& waiting : waiting_) {
            const std::int64_t before = waiting.batch->bytes();
            waiting.batch = without_history(waiting.batch);
            const std::int64_t after = waiting.batch == nullptr ? 0 : waiting.batch->bytes();
            waiting_bytes_ += after - before;
            shared_->bytes.fetch_add(after - before);
        }
        std::erase_if(waiting_, [](const Waiting& waiting) { return waiting.batch == nullptr; });
        begun_ = true;
    }
    wake();
    return absl::OkStatus();
}

// Null if nothing is left.
std::shared_ptr<const LiveBatch> Follower::without_history(
    const std::shared_ptr<const LiveBatch>& batch) const {
    const auto is_known = [&](const query::LogRow& row) LOGI_REQUIRES(mutex_) {
        return row.time <= known_last_ && known_.contains(key_of(row));
    };
    std::vector<const query::LogRow*> left;
    for (const auto& row : batch->rows()) {
        if (!is_known(row)) {
            left.push_back(&row);
        }
    }
    if (left.size() == batch->rows().size()) {
        return batch;
    }
    std::vector<query::LogRow> rows;
    rows.reserve(left.size());
    for (const auto* row : left) {
        rows.push_back(*row);
    }
    return rows.empty() ? nullptr
                        : std::make_shared<const LiveBatch>(std::move(rows), shared_->render);
}

void Follower::offer(const std::shared_ptr<const LiveBatch>& batch) {
    {
        const base::MutexLock lock(mutex_);
        const Timestamp now = shared_->clock.now();
        if (begun_ && now > known_until_) {
            known_.clear();
        }
        auto news = known_.empty() ? batch : without_history(batch);
        if (news == nullptr) {
            return;
        }
        enqueue(std::move(news), now);
    }
    wake_later();
}

void Follower::enqueue(std::shared_ptr<const LiveBatch> batch, Timestamp now) {
    const std::int64_t bytes = batch->bytes();
    const bool own_full = !waiting_.empty() && waiting_bytes_ + bytes > shared_->follower_bytes_max;
    if (own_full || shared_->bytes.load() + bytes > shared_->bytes_max) {
        for (const auto& row : batch->rows()) {
            add_lost({row.time, row.stream});
        }
        lost_total_ += batch->rows().size();
        shared_->lost.add(static_cast<double>(batch->rows().size()));
        return;
    }
    shared_->bytes.fetch_add(bytes);
    waiting_bytes_ += bytes;
    waiting_.push_back({std::move(batch), now + delay_});
}

void Follower::add_lost(const Lost& lost) {
    if (lost_.size() < kLostMax) {
        lost_.push_back(lost);
    }
}

void Follower::lose(const std::vector<Lost>& lost, std::uint64_t entries) {
    {
        const base::MutexLock lock(mutex_);
        for (const auto& entry : lost) {
            add_lost(entry);
        }
        lost_total_ += entries;
        shared_->lost.add(static_cast<double>(entries));
    }
    wake();
}

void Follower::end(const std::string& why) {
    {
        const base::MutexLock lock(mutex_);
        why_ended_ = why;
    }
    wake();
}

std::string Follower::why_ended() const {
    const base::MutexLock lock(mutex_);
    return why_ended_;
}

std::optional<Frame> Follower::next() {
    std::shared_ptr<const LiveBatch> batch;
    Frame frame;
    {
        const base::MutexLock lock(mutex_);
        if (!begun_ || !why_ended_.empty()) {
            return std::nullopt;
        }
        if (!history_.empty()) {
            batch = std::move(history_.front());
            history_.pop_front();
            history_bytes_ -= batch->bytes();
            shared_->bytes.fetch_sub(batch->bytes());
        } else if (!waiting_.empty() && waiting_.front().due <= shared_->clock.now()) {
            batch = std::move(waiting_.front().batch);
            waiting_.pop_front();
            waiting_bytes_ -= batch->bytes();
            shared_->bytes.fetch_sub(batch->bytes());
        } else if (lost_.empty() || !waiting_.empty()) {
            return std::nullopt;  // what is lost is told with the next frame, if there is one
        }
        frame.lost = std::exchange(lost_, {});
    }
    if (batch == nullptr) {
        frame.text = std::make_shared<const std::string>(shared_->render({}, form_));
        return frame;
    }
    shared_->sent.add(static_cast<double>(batch->rows().size()));
    frame.text = batch->text(form_);
    return frame;
}

std::uint64_t Follower::lost() const {
    const base::MutexLock lock(mutex_);
    return lost_total_;
}

}  // namespace logi::tail
