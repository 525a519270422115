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
            const bool begins = i == 0 || pieces_[i].time.first != pieces_[i - 1].time.first;
            run_of_.push_back(begins ? runs_.size() : runs_.size() - 1);
            if (begins) {
                runs_.push_back({i, i, pieces_[i].time.first, pieces_[i].time.last});
            }
            runs_.back().end = i + 1;
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

    // Pieces of one time, which have different streams: their rows come in turns.
    struct Run {
        std::size_t begin = 0;  // pieces
        std::size_t end = 0;
        // Both included. Once a part of it has as many rows as are wanted, what comes behind the
        // last of these is of no use.
        Timestamp first;
        Timestamp last;
    };

    [[nodiscard]] SubPlan sub_plan(std::size_t i, const Run& run) const {
        const Request& request = query_.request;
        SubPlan plan = sub_plan_of(pieces_[i], text_, request, limits_.max_query_memory_bytes);
        plan.first = run.first;
        plan.last = run.last;
        plan.limit = request.limit;
        plan.forward = request.forward;
        return plan;
    }

    [[nodiscard]] Run run_of(std::size_t i) const {
        const base::MutexLock lock(mutex_);
        return runs_[run_of_[i]];
    }

    void start(std::size_t i) {
        const auto self = shared_from_this();
        PieceCalls::Piece piece;
        const Run run = run_of(i);
        const auto plan = std::make_shared<const SubPlan>(sub_plan(i, run));
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
        piece.read_here = [self, i, run](std::function<void(Status)> done) {
            self->read_here(i, run, std::move(done));
        };
        calls_.run(std::move(piece),
                   [self, i](const Status& status) { self->on_piece(i, status); });
    }

    void read_here(std::size_t i, const Run& run, std::function<void(Status)> done) {
        Prepared part = query_;
        part.range = {run.first, run.last + Duration{1}};
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
        shorten(runs_[run_of_[i]]);
    }

    // Forgets rows that others of the same time leave no place for.
    void shorten(Run& run) LOGI_REQUIRES(mutex_) {
        if (run.end - run.begin == 1 || query_.request.limit == 0) {
            return;
        }
        std::vector<Timestamp> times;
        for (std::size_t i = run.begin; i < run.end; ++i) {
            for (const LogRow& row : found_[i].rows) {
                times.push_back(row.time);
            }
        }
        if (times.size() < query_.request.limit) {
            return;
        }
        const auto nth = times.begin() + (query_.request.limit - 1);
        const bool forward = query_.request.forward;
        std::nth_element(times.begin(), nth, times.end(), [&](Timestamp a, Timestamp b) {
            return forward ? a < b : a > b;
        });
        (forward ? run.last : run.first) = *nth;
        for (std::size_t i = run.begin; i < run.end; ++i) {
            auto& rows = found_[i].rows;
            while (!rows.empty() && (rows.back().time < run.first || rows.back().time > run.last)) {
                found_[i].memory->give_back(memory_bytes(rows.back()));
                rows.pop_back();
            }
        }
    }

    // There was no room for a piece beside others: they follow each other from now on, and what
    // comes behind the time that is being read is found again.
    void go_on_alone(std::size_t i) LOGI_REQUIRES(mutex_) {
        calls_max_ = 1;
        waiting_.insert(i);
        for (std::size_t later = runs_[in_a_row_].end; later < found_.size(); ++later) {
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
            for (; in_a_row_ < runs_.size() && is_there(runs_[in_a_row_]); ++in_a_row_) {
                for (std::size_t k = runs_[in_a_row_].begin; k < runs_[in_a_row_].end; ++k) {
                    rows_in_a_row_ += found_[k].rows.size();
                }
            }
            const bool full = rows_in_a_row_ >= query_.request.limit;
            ends = !status_.ok() || full || in_a_row_ == runs_.size();
            finished_ = ends;
        }
        if (ends) {
            calls_.cancel();
            done_(finish());
        } else {
            pump();
        }
    }

    [[nodiscard]] bool is_there(const Run& run) const LOGI_REQUIRES(mutex_) {
        return std::all_of(found_.begin() + static_cast<std::ptrdiff_t>(run.begin),
                           found_.begin() + static_cast<std::ptrdiff_t>(run.end),
                           [](const Found& found) { return found.memory != nullptr; });
    }

    // Each piece has its rows in order, and those of one stream are in one piece.
    std::vector<LogRow> rows_of(const Run& run) LOGI_REQUIRES(mutex_) {
        std::vector<LogRow> rows;
        for (std::size_t i = run.begin; i < run.end; ++i) {
            std::move(found_[i].rows.begin(), found_[i].rows.end(), std::back_inserter(rows));
        }
        if (run.end - run.begin > 1) {
            std::stable_sort(rows.begin(), rows.end(), [&](const LogRow& a, const LogRow& b) {
                return comes_before(a, b, query_.request.forward);
            });
        }
        return rows;
    }

    StatusOr<Result> finish() {
        const base::MutexLock lock(mutex_);
        LOGI_RETURN_IF_ERROR(status_);
        Result result;
        ReadNotes notes;
        std::size_t seen = 0;  // the limit counts before the interval does
        for (const Found& found : found_) {
            notes += found.notes;
        }
        for (std::size_t i = 0; i < in_a_row_; ++i) {
            for (LogRow& row : rows_of(runs_[i])) {
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
    std::vector<Piece> pieces_;        // in the direction of the query
    std::vector<std::size_t> run_of_;  // by piece
    const Prepared query_;
    const std::string text_;
    const Limits limits_;
    const std::function<void(StatusOr<Result>)> done_;
    mutable base::Mutex mutex_;
    std::vector<Run> runs_ LOGI_GUARDED_BY(mutex_);
    std::vector<Found> found_ LOGI_GUARDED_BY(mutex_);
    std::set<std::size_t> waiting_ LOGI_GUARDED_BY(mutex_);  // of the pieces
    std::size_t calls_max_ LOGI_GUARDED_BY(mutex_);
    std::size_t running_ LOGI_GUARDED_BY(mutex_) = 0;
    std::size_t window_ LOGI_GUARDED_BY(mutex_) = 1;
    std::size_t in_a_row_ LOGI_GUARDED_BY(mutex_) = 0;  // runs
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
