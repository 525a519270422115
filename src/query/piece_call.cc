#include "query/piece_call.h"

#include "base/log.h"
#include "query/sub_plan.h"

#include <algorithm>
#include <vector>

namespace logi::query {
namespace {

// Readers that are asked before a piece is read here.
constexpr std::size_t kReadersAsked = 2;

// Whether the query ends with it, whoever reads.
bool ends_query(const Status& status) {
    return status.code() == absl::StatusCode::kInvalidArgument ||
           status.code() == absl::StatusCode::kResourceExhausted;
}

}  // namespace

class PieceCalls::Call : public std::enable_shared_from_this<Call> {
  public:
    Call(PieceCalls& calls,
         std::shared_ptr<io::Executor> executor,
         Piece piece,
         std::function<void(Status)> done)
        : calls_(calls),
          executor_(std::move(executor)),
          options_(calls.spread_->options),
          piece_(std::move(piece)),
          cancel_(calls.cancel_.child()),
          done_(std::move(done)) {
        if (!piece_.sub_plan.empty()) {
            readers_ = calls_.spread_->readers->for_key(piece_.key);
        }
    }

    // Asks the next reader, or reads here: once all have been asked, or it is this process' turn.
    void next() {
        std::string reader;
        std::size_t number = 0;
        {
            const base::MutexLock lock(mutex_);
            if (state_ != State::kAsking) {
                return;
            }
            while (turn_ < readers_.size() && !readers_[turn_].empty() &&
                   calls_.avoids(readers_[turn_])) {
                ++turn_;
            }
            if (asked_ < kReadersAsked && turn_ < readers_.size()) {
                reader = readers_[turn_++];
            }
            if (reader.empty()) {
                state_ = State::kHere;
            } else {
                number = asked_++;
                answered_.push_back(false);
            }
        }
        if (reader.empty()) {
            read_here();
        } else {
            ask(reader, number);
        }
    }

  private:
    enum class State { kAsking, kAccepting, kHere, kDone };

    // An answer, and its part of the query's memory, which the call keeps alive.
    struct Held {
        std::shared_ptr<Call> call;
        Status status;  // that of a call without an answer
        std::string bytes;
        std::unique_ptr<exec::MemoryBudget> memory;
    };

    std::shared_ptr<Held> hold(StatusOr<std::string> answer) {
        const auto held = std::make_shared<Held>();
        held->call = shared_from_this();
        held->memory = std::make_unique<exec::MemoryBudget>(&calls_.memory_);
        held->status = answer.status();
        if (answer.ok() && !held->memory->charge(static_cast<std::int64_t>(answer->size())).ok()) {
            // Others have it that wait, too. What is read here takes only what it has to.
            held->memory->give_all_back();
            held->status = absl::OutOfRangeError("there is no room for a part of an answer");
        } else if (answer.ok()) {
            held->bytes = *std::move(answer);
        }
        return held;
    }

    // Lets go of it.
    [[nodiscard]] Status accept(Held& answer) const {
        const Status status = piece_.accept(answer.bytes);
        std::string().swap(answer.bytes);
        answer.memory->give_all_back();
        return status;
    }

    void ask(const std::string& reader, std::size_t number) {
        const auto self = shared_from_this();
        wait_for(number);
        // Answers may be large: reading them is work like that of blocks.
        calls_.spread_->readers->ask(
            reader,
            piece_.sub_plan,
            options_.timeout,
            cancel_,
            [self, reader, number](StatusOr<std::string> answer) {
                self->executor_->post_long([reader, number, held = self->hold(std::move(answer))] {
                    held->call->on_answer(reader, number, *held);
                });
            });
    }

    void wait_for(std::size_t number) {
        // The timer outlives most calls, so it holds nothing of them.
        executor_->post_after(options_.patience, [weak = weak_from_this(), number] {
            const auto self = weak.lock();
            if (self == nullptr) {
                return;
            }
            bool again = false;
            {
                const base::MutexLock lock(self->mutex_);
                const bool waits = !self->answered_[number] && self->asked_ == number + 1;
                again = waits && self->state_ == State::kAccepting;
                if (!waits || (!again && self->state_ != State::kAsking)) {
                    return;
                }
            }
            if (again) {
                self->wait_for(number);
            } else {
                self->next();
            }
        });
    }

    void on_answer(const std::string& reader, std::size_t number, Held& answer) {
        bool last = false;
        {
            const base::MutexLock lock(mutex_);
            const bool once_more = answered_[number];
            answered_[number] = true;
            if (state_ != State::kAsking || once_more) {
                return;
            }
            last = asked_ == number + 1;
            state_ = State::kAccepting;
        }
        if (const Status s = cancel_.check(); !s.ok()) {
            finish(s);
            return;
        }
        const bool is_answered = answer.status.ok();
        const Status status = is_answered ? accept(answer) : answer.status;
        if (status.ok() || (is_answered && ends_query(status))) {
            finish(status);
            return;
        }
        base::log_warn("a reader did not answer a part of a query",
                       {{"reader", reader}, {"error", std::string(status.message())}});
        // It has read all of it, as the next one would, only to find that out again.
        const bool too_large = absl::IsOutOfRange(status);
        if (!is_answered && !too_large && !absl::IsUnimplemented(status)) {
            calls_.avoid(reader);
        }
        bool others_wait = false;
        {
            const base::MutexLock lock(mutex_);
            state_ = State::kAsking;
            asked_ = too_large ? std::max(asked_, kReadersAsked) : asked_;
            for (const bool answered : answered_) {
                others_wait = others_wait || !answered;
            }
        }
        // With patience at an end the next was asked already.
        if (last || !others_wait || too_large) {
            next();
        }
    }

    void read_here() {
        cancel_.cancel();  // of the calls
        executor_->post_long([self = shared_from_this()] {
            if (const Status s = self->calls_.cancel_.check(); !s.ok()) {
                self->finish(s);
                return;
            }
            self->piece_.read_here([self](const Status& status) { self->finish(status); });
        });
    }

    void finish(const Status& status) {
        {
            const base::MutexLock lock(mutex_);
            if (state_ == State::kDone) {
                return;
            }
            state_ = State::kDone;
        }
        cancel_.cancel();
        done_(status);
    }

    PieceCalls& calls_;  // who waits for `done` has it
    const std::shared_ptr<io::Executor> executor_;
    const SplitOptions options_;
    const Piece piece_;
    const io::CancelToken cancel_;
    const std::function<void(Status)> done_;
    std::vector<std::string> readers_;
    base::Mutex mutex_;
    State state_ LOGI_GUARDED_BY(mutex_) = State::kAsking;
    std::size_t turn_ LOGI_GUARDED_BY(mutex_) = 0;
    std::size_t asked_ LOGI_GUARDED_BY(mutex_) = 0;
    std::vector<bool> answered_ LOGI_GUARDED_BY(mutex_);
};

void PieceCalls::run(Piece piece, std::function<void(Status)> done) {
    std::make_shared<Call>(*this, executor_, std::move(piece), std::move(done))->next();
}

bool PieceCalls::has_room_beside(std::size_t pieces) const {
    return pieces == 0 ||
           memory_.left_bytes() / static_cast<std::int64_t>(pieces + 1) >= kSubAnswerBytesMax;
}

void PieceCalls::avoid(const std::string& reader) {
    const base::MutexLock lock(mutex_);
    avoided_.insert(reader);
}

bool PieceCalls::avoids(const std::string& reader) const {
    const base::MutexLock lock(mutex_);
    return avoided_.contains(reader);
}

}  // namespace logi::query
