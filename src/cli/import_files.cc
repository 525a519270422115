#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/import.h"
#include "cli/import_state.h"
#include "cli/line_counts.h"
#include "cli/progress_bar.h"
#include "config/config.h"
#include "local/line_reader.h"

#include <algorithm>
#include <array>
#include <map>

namespace logi::cli {
namespace {

// What of a file has arrived.
struct Done {
    std::uint64_t offset = 0;  // from where on lines are read again
    std::uint64_t lines = 0;   // before that
    std::uint64_t refused = 0;
    Timestamp first = Timestamp::max();  // of all lines, those behind the offset included
    Timestamp last = Timestamp::min();
    Timestamp changed;  // the file, when it was begun

    [[nodiscard]] std::string text() const {
        return absl::StrJoin(std::array<std::string, 6>{absl::StrCat(offset),
                                                        absl::StrCat(lines),
                                                        absl::StrCat(refused),
                                                        absl::StrCat(first.ns),
                                                        absl::StrCat(last.ns),
                                                        absl::StrCat(changed.ns)},
                             " ");
    }
    static StatusOr<Done> parse(const std::string& text) {
        Done done;
        const std::vector<std::string> words = absl::StrSplit(text, ' ');
        if (words.size() != 6 || !absl::SimpleAtoi(words[0], &done.offset) ||
            !absl::SimpleAtoi(words[1], &done.lines) ||
            !absl::SimpleAtoi(words[2], &done.refused) ||
            !absl::SimpleAtoi(words[3], &done.first.ns) ||
            !absl::SimpleAtoi(words[4], &done.last.ns) ||
            !absl::SimpleAtoi(words[5], &done.changed.ns)) {
            return absl::DataLossError(absl::StrCat("not what an import notes: ", text));
        }
        return done;
    }
};

class FileImport {
  public:
    FileImport(ImportState& state, Pusher& pusher, ProgressBar& bar, const ImportArgs& args)
        : state_(state), pusher_(pusher), bar_(bar), args_(args) {}

    Status read(local::LogFile file, const local::TimeOptions& options) {
        LOGI_ASSIGN_OR_RETURN(const io::FileInfo info, io::file_info(file.path));
        key_ =
            absl::StrCat("file ", info.identity.device, " ", info.identity.inode, " ", file.path);
        done_ = Done();
        done_.changed = file.changed;
        if (const std::string* known = state_.find(key_); known != nullptr) {
            LOGI_ASSIGN_OR_RETURN(done_, Done::parse(*known));
            file.changed = done_.changed;
        }
        LOGI_ASSIGN_OR_RETURN(const auto more, extra_labels(args_.lines));
        labels_ = std::make_shared<const std::string>(labels_of(file, more).to_string());
        refused_before_ = done_.refused;
        refused_at_begin_ = pusher_.counts().refused;
        lines_ = lines_before_run_ = done_.lines;
        run_begin_ = done_.offset;
        end_ = done_.offset;
        const Status status = local::read_timed_lines(
            file, options, done_.offset, [&](const auto& line) { return take(line); });
        // Also of a file that is damaged further on, what was read is sent.
        if (!status.ok() && !absl::IsDataLoss(status)) {
            return status;
        }
        LOGI_RETURN_IF_ERROR(pusher_.flush());
        done_.offset = end_;
        done_.lines = lines_;
        LOGI_RETURN_IF_ERROR(note());
        return status;
    }

    [[nodiscard]] const Done& done() const { return done_; }
    [[nodiscard]] const std::string& labels() const { return *labels_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  private:
    Status take(const local::TimedLine& line) {
        if (line.run_begin != run_begin_) {
            run_begin_ = line.run_begin;
            lines_before_run_ = lines_;
        }
        ++lines_;
        end_ = line.end;
        bytes_ += line.end - line.offset;
        done_.first = std::min(done_.first, line.time);
        done_.last = std::max(done_.last, line.time);
        const auto before = pusher_.counts().taken + pusher_.counts().refused;
        LOGI_RETURN_IF_ERROR(pusher_.add({labels_, line.time, std::string(line.text), {}}));
        bar_.show(bytes_, pusher_.counts().taken);
        if (pusher_.counts().taken + pusher_.counts().refused == before) {
            return absl::OkStatus();
        }
        done_.offset = run_begin_;
        done_.lines = lines_before_run_;
        return note();
    }

    Status note() {
        done_.refused = refused_before_ + pusher_.counts().refused - refused_at_begin_;
        return state_.note(key_, done_.text());
    }

    ImportState& state_;
    Pusher& pusher_;
    ProgressBar& bar_;
    const ImportArgs& args_;
    std::string key_;
    std::shared_ptr<const std::string> labels_;
    Done done_;
    std::uint64_t refused_before_ = 0;
    std::uint64_t refused_at_begin_ = 0;
    std::uint64_t lines_ = 0;
    std::uint64_t lines_before_run_ = 0;
    std::uint64_t run_begin_ = 0;
    std::uint64_t end_ = 0;
    std::uint64_t bytes_ = 0;
};

// What a stream must have.
struct Expected {
    std::uint64_t lines = 0;
    Timestamp first = Timestamp::max();
    Timestamp last = Timestamp::min();
};

Status verify(const ImportArgs& args,
              const std::map<std::string, Expected>& expected,
              ImportResult& result) {
    for (const auto& [labels, stream] : expected) {
        if (stream.lines == 0) {
            continue;
        }
        const auto second = [](Timestamp time) {
            return time.ns / kNanosPerSecond * kNanosPerSecond;
        };
        const TimeRange range{{second(stream.first)}, {second(stream.last) + kNanosPerSecond}};
        LOGI_ASSIGN_OR_RETURN(const auto counts, count_lines(args.to, labels, {"job"}, range));
        if (const std::uint64_t there = sum_of(counts); there < stream.lines) {
            result.problems.push_back(absl::StrCat(
                labels, " has ", there, " lines of the ", stream.lines, " that were taken"));
        }
    }
    return absl::OkStatus();
}

std::string files_job_of(const ImportArgs& args) {
    return absl::StrCat("files ",
                        absl::StrJoin(args.paths, " "),
                        " ",
                        absl::StrJoin(args.lines.labels, " "),
                        " ",
                        args.lines.time_layout,
                        " ",
                        args.lines.time_field,
                        " ",
                        args.lines.timezone,
                        " to ",
                        args.to.addr,
                        " ",
                        args.to.org_id);
}

}  // namespace

StatusOr<ImportResult> import_files(const ImportArgs& args) {
    LOGI_ASSIGN_OR_RETURN(const local::TimeOptions options, time_options(args.lines));
    LOGI_ASSIGN_OR_RETURN(const Duration patience, config::parse_duration(args.patience));
    ImportResult result;
    LOGI_ASSIGN_OR_RETURN(const auto files, local::find_log_files(args.paths, result.notes));
    LOGI_ASSIGN_OR_RETURN(const auto state, open_state(args, files_job_of(args)));
    LOGI_ASSIGN_OR_RETURN(const auto pusher, Pusher::make(args.to, patience));
    std::uint64_t total = 0;
    bool known = true;  // how much there is
    for (const local::LogFile& file : files) {
        total += file.bytes;
        known = known && file.compression.empty();
    }
    std::map<std::string, Expected> expected;
    ProgressBar bar(known ? total : 0, true);
    FileImport import(*state, *pusher, bar, args);
    for (const local::LogFile& file : files) {
        const Status status = import.read(file, options);
        if (absl::IsDataLoss(status) || absl::IsNotFound(status)) {
            result.problems.push_back(
                absl::StrCat(file.path, ": ", std::string(message_of(status))));
            if (absl::IsNotFound(status)) {
                continue;
            }
        } else if (!status.ok()) {
            return status;
        }
        const Done& done = import.done();
        result.lines += done.lines;
        result.refused += done.refused;
        Expected& stream = expected[import.labels()];
        stream.lines += done.lines - std::min(done.lines, done.refused);
        stream.first = std::min(stream.first, done.first);
        stream.last = std::max(stream.last, done.last);
    }
    bar.clear();
    result.streams = expected.size();
    result.reasons = reasons_of(pusher->counts());
    if (!args.no_verify) {
        LOGI_RETURN_IF_ERROR(verify(args, expected, result));
    }
    if (result.problems.empty()) {
        LOGI_RETURN_IF_ERROR(state->remove());
    }
    return result;
}

}  // namespace logi::cli
