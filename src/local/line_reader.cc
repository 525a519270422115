#include "local/line_reader.h"

#include "absl/container/flat_hash_map.h"
#include "base/hash.h"
#include "local/text_chunk.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace logi::local {
namespace {

// A run of lines goes on until a line is later than all of it, so that times may go back and forth
// a little; what is in no order at all is cut somewhere.
constexpr std::size_t kRunLines = 512;
constexpr std::size_t kRunLinesMax = 1U << 20U;

class TimedLines {
  public:
    TimedLines(const TimeOptions& options,
               Timestamp changed,
               std::uint64_t from,
               const std::function<Status(const TimedLine& line)>& take)
        : options_(options), changed_(changed), from_(from), take_(take) {}

    Status add(std::string_view piece) {
        text_.append(piece);
        return times_.has_value() || text_.size() >= kSampleBytes ? take_lines() : absl::OkStatus();
    }
    Status finish() {
        LOGI_RETURN_IF_ERROR(take_lines());
        return text_.empty() ? absl::OkStatus() : take_line(text_, text_.size());
    }

  private:
    void find_out() {
        times_ = find_times(text_, options_, changed_);
        last_ = changed_;
        for_each_line(text_, [&, found = false](std::string_view line) mutable {
            if (const auto time = found ? std::nullopt : times_->of(line); time.has_value()) {
                last_ = *time;
                found = true;
            }
        });
    }

    Status take_lines() {
        if (!times_.has_value()) {
            find_out();
        }
        std::size_t at = 0;
        for (std::size_t end = text_.find('\n'); end != std::string::npos;
             end = text_.find('\n', at)) {
            LOGI_RETURN_IF_ERROR(
                take_line(std::string_view(text_).substr(at, end - at), end + 1 - at));
            at = end + 1;
        }
        text_.erase(0, at);
        return text_.size() <= kLineBytesMax ? absl::OkStatus()
                                             : absl::DataLossError("a line is too long");
    }

    Status take_line(std::string_view line, std::size_t bytes) {
        const TimedLine next{line, {}, offset_, offset_ + bytes, offset_};
        offset_ += bytes;
        ++lines_;
        if (next.offset < from_) {
            return absl::OkStatus();
        }
        return take_timed(next);
    }

    Status take_timed(TimedLine line) {
        if (line.text.ends_with('\r')) {
            line.text.remove_suffix(1);
        }
        if (times_->none()) {
            line.time = changed_ + Duration{static_cast<std::int64_t>(lines_)};
            return take_(line);
        }
        last_ = times_->of(line.text).value_or(last_);
        if (run_is_over()) {
            run_begin_ = line.offset;
            run_lines_ = 0;
            copies_.clear();
        }
        ++run_lines_;
        run_last_ = run_lines_ == 1 ? last_ : std::max(run_last_, last_);
        before_ = last_;
        line.run_begin = run_begin_;
        line.time = last_ + Duration{copies_[{last_.ns, base::hash64(line.text)}]++};
        return take_(line);
    }

    // Whether the next line begins another run: it depends on nothing before the run.
    [[nodiscard]] bool run_is_over() const {
        return run_lines_ == 0 || (run_lines_ >= kRunLines && last_ > run_last_) ||
               (run_lines_ >= kRunLinesMax && last_ != before_);
    }

    const TimeOptions& options_;
    const Timestamp changed_;
    const std::uint64_t from_;
    const std::function<Status(const TimedLine& line)>& take_;
    std::string text_;
    std::optional<LineTime> times_;
    std::uint64_t offset_ = 0;
    std::uint64_t lines_ = 0;
    Timestamp last_;
    Timestamp before_;    // of the line before
    Timestamp run_last_;  // the latest of the run
    std::uint64_t run_begin_ = 0;
    std::size_t run_lines_ = 0;
    // Of the run, by time and the line's hash.
    absl::flat_hash_map<std::pair<std::int64_t, std::uint64_t>, std::int64_t> copies_;
};

}  // namespace

Status read_timed_lines(const LogFile& file,
                        const TimeOptions& options,
                        std::uint64_t from,
                        const std::function<Status(const TimedLine& line)>& take) {
    LOGI_ASSIGN_OR_RETURN(const auto opened, io::GrowingFile::open(file.path));
    TimedLines lines(options, file.changed, from, take);
    LOGI_RETURN_IF_ERROR(
        read_text(file, *opened, [&](std::string_view piece) { return lines.add(piece); }));
    return lines.finish();
}

}  // namespace logi::local
