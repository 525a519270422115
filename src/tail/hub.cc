#include "tail/hub.h"

namespace logi::tail {
namespace {

// Records that wait to be looked at; they hold memory only as long.
constexpr std::size_t kWaitingBytesMax = 16U << 20U;
// Of a lost push so many streams are told of, and of so many streams in all.
constexpr std::size_t kLostStreamsMax = 10;
constexpr std::size_t kLostWaitingMax = 1000;
// Streams whose labels are remembered.
constexpr std::size_t kStreamsMax = 10'000;

}  // namespace

StatusOr<std::shared_ptr<Hub>> Hub::make(std::shared_ptr<Shared> shared,
                                         const logql::LogExpr& log) {
    exec::Pipeline::Options options;
    options.columns = false;
    LOGI_ASSIGN_OR_RETURN(auto pipeline, exec::Pipeline::compile(log, std::move(options)));
    return std::shared_ptr<Hub>(new Hub(std::move(shared), log.matchers, std::move(pipeline)));
}

void Hub::end(const std::string& why) {
    std::shared_ptr<const Followers> followers;
    {
        const base::MutexLock lock(mutex_);
        followers = followers_;
    }
    for (const auto& follower : *followers) {
        follower->end(why);
    }
}

void Hub::add(std::shared_ptr<Follower> follower) {
    const base::MutexLock lock(mutex_);
    auto followers = std::make_shared<Followers>(*followers_);
    followers->push_back(std::move(follower));
    followers_ = std::move(followers);
}

bool Hub::remove(const Follower* follower) {
    const base::MutexLock lock(mutex_);
    auto followers = std::make_shared<Followers>(*followers_);
    std::erase_if(*followers, [&](const auto& one) { return one.get() == follower; });
    followers_ = std::move(followers);
    return followers_->empty();
}

void Hub::publish(const std::shared_ptr<const Applied>& applied) {
    {
        const base::MutexLock lock(mutex_);
        const std::size_t bytes = applied->record->size();
        if (!waiting_.empty() && waiting_bytes_ + bytes > kWaitingBytesMax) {
            for (std::size_t i = 0; i < std::min(applied->streams->size(), kLostStreamsMax) &&
                                    lost_.size() < kLostWaitingMax;
                 ++i) {
                const auto& stream = (*applied->streams)[i];
                lost_.push_back(
                    {{stream.entries.front().time, std::make_shared<const Labels>(stream.labels)},
                     stream.entries.size()});
            }
            return;
        }
        waiting_bytes_ += bytes;
        waiting_.push_back(applied);
        if (std::exchange(running_, true)) {
            return;
        }
    }
    shared_->executor.post_long([self = shared_from_this()] { self->run(); });
}

bool Hub::take(Work& work) {
    const base::MutexLock lock(mutex_);
    work.lost = std::exchange(lost_, {});
    work.followers = followers_;
    if (waiting_.empty()) {
        running_ = false;
        return false;
    }
    work.applied = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= work.applied->record->size();
    return true;
}

// One record per task, so that others take turns.
void Hub::run() {
    Work work;
    if (!take(work)) {
        return;
    }
    tell_lost(work.lost, *work.followers);
    evaluate(*work.applied, *work.followers);
    work = {};
    shared_->executor.post_long([self = shared_from_this()] { self->run(); });
}

std::shared_ptr<const Labels> Hub::selected(StreamId id, const Labels& labels) {
    if (streams_.size() >= kStreamsMax) {
        streams_.clear();
    }
    const auto [it, is_new] = streams_.try_emplace(id);
    if (is_new && matches_all(matchers_, labels)) {
        it->second = std::make_shared<const Labels>(labels);
    }
    return it->second;
}

void Hub::evaluate(const Applied& applied, const Followers& followers) {
    if (followers.empty()) {
        return;
    }
    BatchMaker maker(shared_->render);
    entry_.now = shared_->clock.now();
    const auto passes = [&](const EntryView& entry, const Labels& labels) {
        for (const auto& filter : pipeline_->block_filters()) {
            if (!filter.passes(entry.line)) {
                return false;
            }
        }
        entry_.labels.begin(labels, entry.metadata);
        entry_.time = entry.time;
        entry_.line = entry.line;
        return pipeline_->process(entry_);
    };
    for (const auto& stream : *applied.streams) {
        const std::shared_ptr<const Labels> labels = selected(stream.id, stream.labels);
        if (labels == nullptr) {
            continue;
        }
        for (const auto& entry : stream.entries) {
            if (passes(entry, *labels)) {
                deliver(maker.add(row_maker_.make(entry_, labels)), followers);
            }
        }
    }
    deliver(maker.take(), followers);
}

void Hub::deliver(const std::shared_ptr<const LiveBatch>& batch, const Followers& followers) const {
    if (batch == nullptr) {
        return;
    }
    for (const auto& follower : followers) {
        (void)batch->text(follower->form());  // here, and not on a thread of the network
        follower->offer(batch);
    }
}

void Hub::tell_lost(const std::vector<LostStream>& lost, const Followers& followers) {
    std::vector<Lost> told;
    std::uint64_t entries = 0;
    for (const auto& stream : lost) {
        if (matches_all(matchers_, *stream.entry.stream)) {
            told.push_back(stream.entry);
            entries += stream.entries;
        }
    }
    if (told.empty()) {
        return;
    }
    for (const auto& follower : followers) {
        follower->lose(told, entries);
    }
}

}  // namespace logi::tail
