#include "query/split_range.h"

#include "logql/parser.h"
#include "logql/printer.h"
#include "query/piece_call.h"
#include "query/sub_plan.h"

namespace logi::query {
namespace {

class RangeSplit : public std::enable_shared_from_this<RangeSplit> {
  public:
    struct Wanted {
        Leaf leaf;
        exec::Windows windows;
        Request request;
        std::int64_t memory_bytes_max = 0;
    };
    RangeSplit(std::shared_ptr<io::Executor> executor,
               std::shared_ptr<const Spread> spread,
               std::vector<Piece> pieces,
               Wanted wanted,
               std::shared_ptr<RangePass> pass,
               exec::MemoryBudget& budget,
               const io::CancelToken& cancel,
               ReadNotes& notes,
               std::function<void(StatusOr<exec::StepVector>)> done)
        : calls_(std::move(executor), spread, budget, cancel),
          calls_max_(std::max<std::size_t>(spread->options.calls_max, 1)),
          pieces_(std::move(pieces)),
          wanted_(std::move(wanted)),
          text_(text_of(wanted_.leaf)),
          pass_(std::move(pass)),
          notes_(notes),
          done_(std::move(done)) {}

    void pump() {
        std::vector<std::size_t> begin;
        {
            const base::MutexLock lock(mutex_);
            while (status_.ok() && running_ < calls_max_ && next_ < pieces_.size() &&
                   calls_.has_room_beside(running_)) {
                ++running_;
                begin.push_back(next_++);
            }
        }
        for (const std::size_t i : begin) {
            start(i);
        }
    }

  private:
    [[nodiscard]] SubPlan sub_plan(const Piece& piece) const {
        SubPlan plan = sub_plan_of(piece, text_, wanted_.request, wanted_.memory_bytes_max);
        plan.metric = true;
        plan.steps = wanted_.windows.steps();
        return plan;
    }

    void start(std::size_t i) {
        const auto self = shared_from_this();
        PieceCalls::Piece piece;
        if (!pieces_[i].time.here && !text_.empty()) {
            piece.key = pieces_[i].key;
            piece.sub_plan = encode(sub_plan(pieces_[i]));
        }
        piece.accept = [self](std::string_view answer) {
            ReadNotes notes;
            LOGI_RETURN_IF_ERROR(merge_states(answer, *self->pass_, notes));
            self->add(notes);
            return absl::OkStatus();
        };
        piece.read_here = [self, i](std::function<void(Status)> done) {
            self->pass_->read(self->calls_.executor(),
                              self->pieces_[i].sources,
                              self->pieces_[i].time.first,
                              self->pieces_[i].time.last,
                              self->calls_.token(),
                              [self, done = std::move(done)](const StatusOr<ReadNotes>& notes) {
                                  if (notes.ok()) {
                                      self->add(*notes);
                                  }
                                  done(notes.status());
                              });
        };
        calls_.run(std::move(piece), [self](const Status& status) { self->on_piece(status); });
    }

    void add(const ReadNotes& notes) {
        const base::MutexLock lock(mutex_);
        found_ += notes;
    }

    void on_piece(const Status& status) {
        Status all;
        bool ends = false;
        {
            const base::MutexLock lock(mutex_);
            --running_;
            status_.Update(status);
            all = status_;
            // Those under way write to what is the query's.
            ends = running_ == 0 && (!all.ok() || next_ == pieces_.size());
        }
        if (!all.ok()) {
            calls_.cancel();
        }
        if (!ends) {
            pump();
        } else if (all.ok()) {
            const base::MutexLock lock(mutex_);
            notes_ += found_;
        }
        if (ends) {
            done_(all.ok() ? pass_->finish() : all);
        }
    }

    PieceCalls calls_;
    const std::size_t calls_max_;
    const std::vector<Piece> pieces_;
    const Wanted wanted_;
    const std::string text_;
    const std::shared_ptr<RangePass> pass_;
    ReadNotes& notes_;
    const std::function<void(StatusOr<exec::StepVector>)> done_;
    base::Mutex mutex_;
    ReadNotes found_ LOGI_GUARDED_BY(mutex_);
    std::size_t next_ LOGI_GUARDED_BY(mutex_) = 0;
    std::size_t running_ LOGI_GUARDED_BY(mutex_) = 0;
    Status status_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace

std::string text_of(const Leaf& leaf) {
    const logql::RangeAggregation& range = *leaf.aggregation;
    logql::Expr expr{range};
    const bool handed_down = leaf.grouping.has_value() && !range.grouping.has_value() &&
                             range.op != logql::RangeOp::kAbsentOverTime;
    if (handed_down) {
        logql::VectorAggregation sum;
        sum.op = logql::VectorOp::kSum;
        if (leaf.grouping->without || !leaf.grouping->labels.empty()) {
            sum.grouping = leaf.grouping;  // else none, as "by ()" is read
        }
        sum.inner = std::make_unique<logql::Expr>(logql::Expr{range});
        expr = logql::Expr{std::move(sum)};
    }
    const std::string text = logql::to_string(expr);
    const auto read = logql::parse(text);
    return read.ok() && logql::to_string(**read) == text ? text : std::string();
}

void run_split_range(std::shared_ptr<io::Executor> executor,
                     std::shared_ptr<const Spread> spread,
                     std::vector<Piece> pieces,
                     const Leaf& leaf,
                     const exec::Windows& windows,
                     const Request& request,
                     exec::MemoryBudget& budget,
                     const io::CancelToken& cancel,
                     ReadNotes& notes,
                     std::function<void(StatusOr<exec::StepVector>)> done) {
    auto pass = RangePass::make(leaf, windows, PassOptions(request), budget);
    if (!pass.ok()) {
        done(pass.status());
        return;
    }
    std::make_shared<RangeSplit>(
        std::move(executor),
        std::move(spread),
        std::move(pieces),
        RangeSplit::Wanted{leaf, windows, request, std::max<std::int64_t>(budget.left_bytes(), 1)},
        *std::move(pass),
        budget,
        cancel,
        notes,
        std::move(done))
        ->pump();
}

}  // namespace logi::query
