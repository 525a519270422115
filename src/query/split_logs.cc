#include "query/split_logs.h"

#include "logql/printer.h"
#include "query/log_query.h"
#include "query/piece_call.h"
#include "query/sub_plan.h"

#include <algorithm>
#include <set>

namespace logi::query {
namespace {

class LogSplit : public std::enable_shared_from_this<LogSplit> {
  public:
    LogSplit(std::shared_ptr<io::Executor> executor,
             std::shared_ptr<const Spread> spread,
             std::vector<Piece> pieces,
             const Prepared& query,
             const Limits& limits,
             const io::CancelToken& cancel,
             std::function<void(StatusOr<Result>)> done)
        : budget_(limits.max_query_memory_bytes),
          calls_(std::move(executor), spread, budget_, cancel),
          pieces_(std::move(pieces)),
          query_(query),
          text_(logql::to_string(*query.expr)),
          limits_(limits),
          done_(std::move(done)),
          found_(pieces_.size()),
          calls_max_(std::max<std::size_t>(spread->options.calls_max, 1)) {
        if (!query_.request.forward) {
            std::reverse(pieces_.begin(), pieces_.end());
        }
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            waiting_.insert(i);
        }
    }

    // Starts as many pieces as may be under way.
    void pump() {
        std::vector<std::size_t> begin;
        {
            const base::MutexLock lock(mutex_);
            while (!finished_ && status_.ok() && running_ < window_ && !waiting_.empty() &&
                   calls_.has_room_beside(running_)) {
                begin.push_back(waiting_.extract(waiting_.begin()).value());
                found_[begin.back()].is_alone = window_ == 1;
                ++running_;
            }
        }
        for (const std::size_t i : begin) {
            start(i);
        }
    }

  private:
    // What comes of a piece.
    struct Found {
        std::vector<LogRow> rows;
        ReadNotes notes;
        std::unique_ptr<exec::MemoryBudget> memory;  // that the rows take; null: nothing came yet
        bool is_alone = false;                       // no other was under way beside it
    };

    [[nodiscard]] SubPlan sub_plan(const Piece& piece) const {
        const Request& request = query_.request;
        SubPlan plan = sub_plan_of(piece, text_, request, limits_.max_query_memory_bytes);
        plan.limit = request.limit;
        plan.forward = request.forward;
        return plan;
    }

    void start(std::size_t i) {
        const auto self = shared_from_this();
        PieceCalls::Piece piece;
        const auto plan = std::make_shared<const SubPlan>(sub_plan(pieces_[i]));
        if (!pieces_[i].time.here) {
            piece.key = pieces_[i].key;
            piece.sub_plan = encode(*plan);
        }
        piece.accept = [self, i, plan](std::string_view answer) {
            ReadNotes notes;
            auto memory = std::make_unique<exec::MemoryBudget>(&self->budget_);
            LOGI_ASSIGN_OR_RETURN(auto rows, decode_rows(answer, *plan, *memory, notes));
            self->keep(i, std::move(rows), std::move(notes), std::move(memory));
            return absl::OkStatus();
        };
        piece.read_here = [self, i](std::function<void(Status)> done) {
            self->read_here(i, std::move(done));
        };
        calls_.run(std::move(piece),
                   [self, i](const Status& status) { self->on_piece(i, status); });
    }

    void read_here(std::size_t i, std::function<void(Status)> done) {
        Prepared part = query_;
        part.range = {pieces_[i].time.first, pieces_[i].time.last + Duration{1}};
        part.request.start = part.range.start;
        part.request.end = part.range.end;
        part.request.interval = {};
        const auto self = shared_from_this();
        run_log_query(calls_.executor(),
                      pieces_[i].sources,
                      part,
                      std::shared_ptr<exec::MemoryBudget>(self, &budget_),
                      calls_.token(),
                      [self, i, done = std::move(done)](StatusOr<Result> result) {
                          Status status = result.status();
                          if (status.ok()) {
                              status = self->take(i, *std::move(result));
                          }
                          done(status);
                      });
    }

    Status take(std::size_t i, Result result) {
        auto memory = std::make_unique<exec::MemoryBudget>(&budget_);
        for (const LogRow& row : result.rows) {
            LOGI_RETURN_IF_ERROR(memory->charge(memory_bytes(row)));
        }
        keep(i,
             std::move(result.rows),
             {result.stats, std::move(result.missing)},
             std::move(memory));
        return absl::OkStatus();
    }

    void keep(std::size_t i,
              std::vector<LogRow> rows,
              ReadNotes notes,
              std::unique_ptr<exec::MemoryBudget> memory) {
        const base::MutexLock lock(mutex_);
        found_[i].rows = std::move(rows);
        found_[i].notes = std::move(notes);
        found_[i].memory = std::move(memory);
    }

    // There was no room for a piece beside others: they follow each other from now on, and what
    // comes behind this one is found again.
    void go_on_alone(std::size_t i) LOGI_REQUIRES(mutex_) {
        calls_max_ = 1;
        waiting_.insert(i);
        for (std::size_t later = in_a_row_; later < found_.size(); ++later) {
            if (found_[later].memory != nullptr) {
                found_[later] = {};
                waiting_.insert(later);
            }
        }
    }

    // Once a piece has ended.
    void on_piece(std::size_t i, const Status& status) {
        bool ends = false;
        {
            const base::MutexLock lock(mutex_);
            --running_;
            if (finished_) {
                return;
            }
            if (absl::IsResourceExhausted(status) && !found_[i].is_alone) {
                go_on_alone(i);
            } else {
                status_.Update(status);
            }
            window_ = std::min(2 * window_, calls_max_);
            for (; in_a_row_ < found_.size() && found_[in_a_row_].memory != nullptr; ++in_a_row_) {
                rows_in_a_row_ += found_[in_a_row_].rows.size();
            }
            const bool full = rows_in_a_row_ >= query_.request.limit;
            ends = !status_.ok() || full || in_a_row_ == found_.size();
            finished_ = ends;
        }
        if (ends) {
            calls_.cancel();
            done_(finish());
        } else {
            pump();
        }
    }

    StatusOr<Result> finish() {
        const base::MutexLock lock(mutex_);
        LOGI_RETURN_IF_ERROR(status_);
        Result result;
        ReadNotes notes;
        std::size_t seen = 0;  // the limit counts before the interval does
        for (Found& found : found_) {
            notes += found.notes;
            for (LogRow& row : found.rows) {
                if (seen++ < query_.request.limit) {
                    add(std::move(row), result.rows);
                }
            }
        }
        result.stats = notes.stats;
        result.missing = std::move(notes.missing);
        result.memory_left_bytes = budget_.left_bytes();
        return result;
    }

    void add(LogRow row, std::vector<LogRow>& rows) const {
        if (query_.request.interval.ns > 0 && !rows.empty()) {
            const Duration distance =
                query_.request.forward ? row.time - rows.back().time : rows.back().time - row.time;
            if (distance < query_.request.interval) {
                return;
            }
        }
        rows.push_back(std::move(row));
    }

    exec::MemoryBudget budget_;
    PieceCalls calls_;
    std::vector<Piece> pieces_;  // in the direction of the query
    const Prepared query_;
    const std::string text_;
    const Limits limits_;
    const std::function<void(StatusOr<Result>)> done_;
    base::Mutex mutex_;
    std::vector<Found> found_ LOGI_GUARDED_BY(mutex_);
    std::set<std::size_t> waiting_ LOGI_GUARDED_BY(mutex_);  // of the pieces
    std::size_t calls_max_ LOGI_GUARDED_BY(mutex_);
    std::size_t running_ LOGI_GUARDED_BY(mutex_) = 0;
    std::size_t window_ LOGI_GUARDED_BY(mutex_) = 1;
    std::size_t in_a_row_ LOGI_GUARDED_BY(mutex_) = 0;
    std::size_t rows_in_a_row_ LOGI_GUARDED_BY(mutex_) = 0;
    Status status_ LOGI_GUARDED_BY(mutex_);
    bool finished_ LOGI_GUARDED_BY(mutex_) = false;
};

}  // namespace

void run_split_logs(std::shared_ptr<io::Executor> executor,
                    std::shared_ptr<const Spread> spread,
                    std::vector<Piece> pieces,
                    const Prepared& query,
                    const Limits& limits,
                    const io::CancelToken& cancel,
                    std::function<void(StatusOr<Result>)> done) {
    std::make_shared<LogSplit>(std::move(executor),
                               std::move(spread),
                               std::move(pieces),
                               query,
                               limits,
                               cancel,
                               std::move(done))
        ->pump();
}

}  // namespace logi::query
