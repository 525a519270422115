#include "agent/systemd/systemd_source.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "agent/sent_labels.h"
#include "base/log.h"
#include "base/utf8.h"
#include "relabel/relabel.h"
#include "wire/json_text.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace logi::agent {
namespace {

constexpr std::size_t kBatchBytesMax = 256U << 10U;
constexpr std::size_t kBatchEntriesMax = 1000;

constexpr std::array<const char*, 8> kPriorities = {
    "emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"};

std::string priority_word(const std::string& priority) {
    return priority.size() == 1 && priority[0] >= '0' && priority[0] <= '7'
               ? kPriorities[static_cast<std::size_t>(priority[0] - '0')]
               : priority;
}

std::string fields_as_json(const SystemdEntry& entry) {
    std::string out = "{";
    for (const auto& [name, value] : entry.fields) {
        out += out.size() > 1 ? "," : "";
        wire::append_json_string(out, name);
        out += ':';
        wire::append_json_string(out, value);
    }
    return out + "}";
}

std::size_t bytes_of(const SystemdEntry& entry) {
    std::size_t bytes = entry.cursor.size();
    for (const auto& [name, value] : entry.fields) {
        bytes += name.size() + value.size();
    }
    return bytes;
}

}  // namespace

StatusOr<std::unique_ptr<SystemdSource>> SystemdSource::make(const Deps& deps,
                                                             const ScrapeConfig& scrape,
                                                             const Positions& saved) {
    const int wake = ::eventfd(0, EFD_CLOEXEC);
    if (wake < 0) {
        return absl::UnavailableError(
            absl::StrCat("eventfd: ", std::generic_category().message(errno)));
    }
    return std::unique_ptr<SystemdSource>(new SystemdSource(deps, scrape, saved, wake));
}

SystemdSource::SystemdSource(const Deps& deps,
                             const ScrapeConfig& scrape,
                             const Positions& saved,
                             int wake)
    : deps_(deps),
      scrape_(scrape),
      position_key_("cursor-" + scrape.job_name),
      wake_(wake),
      feed_(deps.feed,
            scrape.pipeline,
            Labels(),
            0,
            [this](std::uint64_t position) {
                places_.set_delivered(position);
                read_on();
            }),
      label_sets_(feed_),
      release_(deps.executor,
               deps.strand,
               Feed::kReleasePause,
               [this] {
                   feed_.release(deps_.clock.now(), false);
                   return feed_.holds() && !stopped_;
               }),
      lines_(deps.metrics.counter("promtail_journal_target_lines_total",
                                  "Total number of successful journal lines read")),
      thread_(std::make_unique<io::ThreadPool>(1)) {
    for (const auto& [name, value] : scrape.journal->labels) {
        own_labels_.push_back({name, value});
    }
    if (const auto at = saved.find(position_key_); at != saved.end()) {
        saved_cursor_ = read_cursor_ = at->second;
    }
}

SystemdSource::~SystemdSource() {
    stop();
    join();
    ::close(wake_);
}

void SystemdSource::start() {
    read_on();
}

void SystemdSource::stop() {
    stopped_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof(one));
}

void SystemdSource::join() {
    if (thread_ != nullptr) {
        thread_->post([this] { reader_.reset(); });
        thread_.reset();
    }
}

std::vector<FileStatus> SystemdSource::status() const {
    return {{scrape_.job_name,
             scrape_.journal->path.empty() ? "journal" : "journal " + scrape_.journal->path,
             Labels::from_pairs(own_labels_),
             places_.count()}};
}

void SystemdSource::add_positions(Positions& positions) const {
    const std::string& cursor =
        places_.delivered().has_value() ? *places_.delivered() : saved_cursor_;
    if (!cursor.empty()) {
        positions[position_key_] = cursor;
    }
}

void SystemdSource::read_on() {
    if (reading_ || stopped_ || places_.full() || !deps_.feed.delivery.has_room()) {
        return;
    }
    reading_ = true;
    thread_->post([this] {
        if (stopped_) {
            reader_.reset();
            return;
        }
        const auto batch = std::make_shared<Batch>(read_batch());
        deps_.strand.post([this, batch] { take(std::move(*batch)); });
    });
}

// Waits for the first entry.
SystemdSource::Batch SystemdSource::read_batch() {
    Batch batch;
    batch.status = open_reader();
    std::size_t bytes = 0;
    while (batch.status.ok() && !stopped_ && bytes < kBatchBytesMax &&
           batch.entries.size() < kBatchEntriesMax) {
        SystemdEntry entry;
        const auto more = reader_->next(entry);
        if (!more.ok()) {
            batch.status = more.status();
        } else if (*more) {
            bytes += bytes_of(entry);
            read_cursor_ = entry.cursor;
            batch.entries.push_back(std::move(entry));
        } else if (batch.entries.empty()) {
            batch.status = reader_->wait(wake_);
        } else {
            break;
        }
    }
    if (!batch.status.ok() || stopped_) {
        reader_.reset();
    }
    return batch;
}

Status SystemdSource::open_reader() {
    if (reader_ != nullptr) {
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(auto reader,
                          SystemdReader::open(scrape_.journal->path, scrape_.journal->matches));
    reader_ = std::move(reader);
    const Timestamp oldest = deps_.clock.now() - scrape_.journal->max_age;
    if (read_cursor_.empty()) {
        LOGI_RETURN_IF_ERROR(reader_->seek_time(oldest));
    } else {
        seek_saved(oldest);
    }
    reopened_ = true;
    return absl::OkStatus();
}

// Promtail's max_age counts also for what is saved, but not for what this run has begun to read.
void SystemdSource::seek_saved(Timestamp oldest) {
    Timestamp time;
    Status status = reader_->seek_cursor(read_cursor_, time);
    if (status.ok() && time < oldest && !reopened_) {
        status = absl::OutOfRangeError("it is older than max_age");
    }
    if (status.ok() || absl::IsNotFound(status)) {
        return;
    }
    base::log_warn("the saved position in the journal does not count",
                   {{"job", scrape_.job_name}, {"reason", std::string(status.message())}});
    if (const Status sought = reader_->seek_time(oldest); !sought.ok()) {
        base::log_error("the journal", {{"error", std::string(sought.message())}});
    }
}

void SystemdSource::take(Batch batch) {
    batch_ = std::move(batch);
    next_ = 0;
    const std::string error(batch_.status.message());
    if (!error.empty() && error != last_error_) {
        base::log_error("the journal cannot be read; it is tried again",
                        {{"job", scrape_.job_name}, {"error", error}});
    }
    last_error_ = error;
    take_entries();
}

void SystemdSource::take_entries() {
    while (next_ < batch_.entries.size() && !stopped_) {
        const Duration rest = take_entry(batch_.entries[next_++]);
        if (rest.ns > 0) {
            deps_.executor.post_after(rest,
                                      [this] { deps_.strand.post([this] { take_entries(); }); });
            return;
        }
    }
    if (feed_.holds()) {
        release_.start();
    }
    reading_ = false;
    if (batch_.status.ok()) {
        read_on();
        return;
    }
    deps_.executor.post_after(deps_.retry_pause,
                              [this] { deps_.strand.post([this] { read_on(); }); });
}

Duration SystemdSource::take_entry(const SystemdEntry& entry) {
    const std::uint64_t position = places_.add(entry.cursor);
    std::string json;
    const std::string* line = nullptr;
    if (scrape_.journal->json) {
        json = fields_as_json(entry);
        line = &json;
    } else if (const auto message = entry.fields.find("MESSAGE"); message != entry.fields.end()) {
        line = &message->second;
    }
    if (line == nullptr) {
        refuse("no_message", position);
        return {};
    }
    auto labels = labels_of(entry);
    if (!labels.has_value() || labels->empty()) {
        if (labels.has_value()) {
            refuse("empty_labels", position);
        } else {
            feed_.pass_over(position);
        }
        return {};
    }
    lines_.add();
    return feed_.take({.text = *line,
                       .from = position - 1,
                       .to = position,
                       .read_time = entry.time,
                       .own_time = entry.time,
                       .guessed = std::nullopt},
                      label_sets_.keep(*std::move(labels)));
}

// Nothing: relabel_configs drop it.
std::optional<std::vector<LabelPair>> SystemdSource::labels_of(const SystemdEntry& entry) {
    std::vector<LabelPair> labels = own_labels_;
    for (const auto& [name, value] : entry.fields) {
        if (name == "PRIORITY") {
            labels.push_back({"__journal_priority_keyword", priority_word(value)});
        }
        if (base::is_utf8(value)) {
            labels.push_back({"__journal_" + absl::AsciiStrToLower(name), value});
        }
    }
    if (!relabel(scrape_.relabel, labels)) {
        return std::nullopt;
    }
    return sent_labels(std::move(labels));
}

void SystemdSource::refuse(const std::string& why, std::uint64_t position) {
    deps_.metrics
        .counter("promtail_journal_target_parsing_errors_total",
                 "Total number of parsing errors while reading journal messages",
                 {{"error", why}})
        .add();
    feed_.pass_over(position);
}

}  // namespace logi::agent
