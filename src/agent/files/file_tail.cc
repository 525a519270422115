#include "agent/files/file_tail.h"

#include "agent/files/moved_file.h"
#include "base/log.h"

#include <algorithm>
#include <utility>

namespace logi::agent {
namespace {

constexpr const char* kReadBytes = "promtail_read_bytes_total";
constexpr const char* kReadLines = "promtail_read_lines_total";
constexpr const char* kFileBytes = "promtail_file_bytes_total";

Labels with_filename(const Labels& labels, const std::string& name) {
    std::vector<LabelPair> pairs = labels.pairs();
    pairs.push_back({std::string(kFilenameLabel), name});
    return Labels::from_pairs(std::move(pairs));
}

}  // namespace

StatusOr<std::unique_ptr<FileTail>> FileTail::open(const TailDeps& deps,
                                                   Options options,
                                                   std::uint64_t known,
                                                   std::uint64_t start) {
    LOGI_ASSIGN_OR_RETURN(auto file, io::GrowingFile::open(options.path));
    auto tail = std::unique_ptr<FileTail>(new FileTail(deps, std::move(options), std::move(file)));
    LOGI_RETURN_IF_ERROR(tail->begin(known, start));
    return tail;
}

Status FileTail::begin(std::uint64_t known, std::uint64_t start) {
    const ScrapeConfig& scrape = *options_.scrape;
    LOGI_RETURN_IF_ERROR(choose_reader(known));

    if (known == 0) {
        id_ = deps_.log.add_file(options_.name, options_.owner, file_->identity(), head_, start);
        position_ = start;
    } else {
        id_ = known;
        if (packed_) {
            deps_.log.set_identity(id_, file_->identity());
        }
        const KnownFile& file = *deps_.log.find(id_);
        deliver_from_ = position_ = file.delivered;
        if (const ReadRange* range = file.range_at(position_); range != nullptr) {
            position_ = range->from;  // its lines are counted to know their times
        }
    }
    known_ = deps_.log.find(id_);
    feed_ = std::make_unique<Feed>(
        Feed::Deps{deps_.stages, deps_.delivery},
        scrape.pipeline,
        with_filename(options_.labels, options_.name),
        delivered(),
        [&log = deps_.log, id = id_](std::uint64_t to) { log.set_delivered(id, to); });
    feed_->on_guessed([&log = deps_.log, id = id_](std::uint64_t position, Timestamp time) {
        log.add_guess(id, position, time);
    });
    if (deps_.observer) {
        feed_->observe(deps_.observer);
    }
    base::Registry& metrics = deps_.stages.metrics;
    const base::MetricLabels labels = {{"path", options_.name}};
    read_lines_ = metrics.counter(kReadLines, "Number of lines read.", labels);
    read_bytes_ = metrics.gauge(kReadBytes, "Number of bytes read.", labels);
    file_bytes_ = metrics.gauge(kFileBytes, "Number of bytes total.", labels);
    return absl::OkStatus();
}

// For what the file holds, with the decoder.
Status FileTail::choose_reader(std::uint64_t known) {
    LOGI_ASSIGN_OR_RETURN(std::string head, read_head(FileHead::kBytesMax));
    head_ = head_of(head);
    if (known != 0) {
        const FileHead& before = deps_.log.find(known)->head;
        packed_ =
            head_of(head.substr(0, before.bytes)) != before && unpacks_as(options_.path, before);
    }
    if (packed_) {
        const std::string format = format_of_name(options_.path);
        reader_ = read_packed(*file_, format);
        LOGI_ASSIGN_OR_RETURN(head, packed_begin(*file_, format, FileHead::kBytesMax));
    }
    LOGI_ASSIGN_OR_RETURN(decoder_, LineDecoder::make(options_.scrape->encoding, head));
    if (!packed_) {
        const DecompressionConfig& decompression = options_.scrape->decompression;
        const bool compressed =
            decompression.enabled && is_compressed(options_.path, decompression.format);
        reader_ = compressed ? read_compressed(*file_, decompression.format, decoder_.get())
                             : read_plain(*file_);
    }
    return absl::OkStatus();
}

FileTail::~FileTail() = default;

Status FileTail::go_on_in(const std::string& path) {
    LOGI_ASSIGN_OR_RETURN(auto file, io::GrowingFile::open(path));
    options_.path = path;
    file_ = std::move(file);
    packed_ = !begins_as(path, known_->head);
    reader_ = packed_ ? read_packed(*file_, format_of_name(path)) : read_plain(*file_);
    deps_.log.set_identity(id_, file_->identity());
    return absl::OkStatus();
}

void FileTail::remove_metrics() {
    base::Registry& metrics = deps_.stages.metrics;
    metrics.remove(kReadBytes, *std::exchange(read_bytes_, std::nullopt));
    metrics.remove(kFileBytes, *std::exchange(file_bytes_, std::nullopt));
}

StatusOr<std::string> FileTail::read_head(std::size_t bytes) const {
    std::string head(bytes, '\0');
    LOGI_ASSIGN_OR_RETURN(const std::size_t n,
                          file_->read(0, absl::MakeSpan(head.data(), head.size())));
    head.resize(n);
    return head;
}

// Cut and written anew, even if it is as long as before by now. A head that is still short grows.
bool FileTail::begins_otherwise() {
    const auto head = read_head(FileHead::kBytesMax);
    if (!head.ok()) {
        return false;
    }
    if (head->size() < head_.bytes || head_of(head->substr(0, head_.bytes)) != head_) {
        return true;
    }
    if (head->size() > head_.bytes) {
        head_ = head_of(*head);
        deps_.log.set_head(id_, head_);
    }
    return false;
}

// How many of the bytes are whole lines, and how many lines.
std::size_t FileTail::whole_lines(std::string_view bytes, std::uint64_t& lines) const {
    std::size_t done = 0;
    lines = 0;
    for (std::size_t end = line_end(decoder_.get(), bytes); end != std::string_view::npos;
         end = line_end(decoder_.get(), bytes.substr(done))) {
        done += end;
        ++lines;
    }
    return done;
}

StatusOr<std::optional<ReadRange>> FileTail::next_range(absl::Span<char> buffer,
                                                        std::string_view& bytes) {
    if (const ReadRange* range = known_->range_at(position_); range != nullptr) {
        const std::size_t size =
            ends() ? buffer.size() : std::min<std::size_t>(range->to - position_, buffer.size());
        LOGI_ASSIGN_OR_RETURN(bytes, reader_->read(position_, buffer.subspan(0, size)));
        return bytes.empty() ? std::nullopt : std::optional<ReadRange>(*range);
    }
    LOGI_ASSIGN_OR_RETURN(bytes, reader_->read(position_, buffer.subspan(0, kTurnBytes)));
    std::uint64_t lines = 0;
    std::size_t size = whole_lines(bytes, lines);
    if (size == 0 && bytes.size() == kTurnBytes) {
        LOGI_ASSIGN_OR_RETURN(bytes, reader_->read(position_, buffer));
        size = whole_lines(bytes, lines);
    }
    if (size == 0 && (bytes.size() == buffer.size() || (ends() && !bytes.empty()))) {
        size = bytes.size();  // a piece of a line too long, or the last of a compressed file
        lines = 1;
    }
    if (size == 0) {
        return std::nullopt;
    }
    bytes = bytes.substr(0, size);
    line_of_range_ = 0;
    const ReadRange range{.from = position_,
                          .to = position_ + (ends() ? lines : size),
                          .first_time = deps_.times.take(lines)};
    deps_.log.add_range(id_, range, lines);
    return range;
}

FileTail::Turn FileTail::read_turn(absl::Span<char> buffer) {
    rest_ = {};
    if (!ends() && !packed_ && begins_otherwise()) {
        return Turn::kTruncated;
    }
    std::string_view bytes;
    const auto range = next_range(buffer, bytes);
    if (!range.ok()) {
        base::log_error(
            "a file cannot be read on",
            {{"path", options_.path}, {"error", std::string(range.status().message())}});
        return Turn::kFailed;
    }
    if (!range->has_value()) {
        return at_end();
    }
    if (position_ == (*range)->from) {
        line_of_range_ = 0;
    }
    std::uint64_t lines = 0;
    while (!bytes.empty() && position_ < (*range)->to && rest_.ns == 0) {
        const std::size_t end = std::min(line_end(decoder_.get(), bytes), bytes.size());
        const std::uint64_t to = position_ + (ends() ? 1 : end);
        take_line(bytes.substr(0, end), **range, to);
        bytes.remove_prefix(end);
        position_ = to;
        ++line_of_range_;
        ++lines;
    }
    read_lines_->add(static_cast<double>(lines));
    read_bytes_->set(static_cast<double>(position_));
    return rest_.ns > 0 ? Turn::kRest : Turn::kMore;
}

void FileTail::take_line(std::string_view line, const ReadRange& range, std::uint64_t to) {
    if (to <= deliver_from_) {
        return;
    }
    const Timestamp time = range.first_time + Duration{static_cast<std::int64_t>(line_of_range_)};
    if (decoder_ != nullptr) {
        line = decoder_->decode(line);
    } else if (line.ends_with('\n')) {
        line.remove_suffix(1);
    }
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    if (deps_.line_rate != nullptr && deps_.drop_above_rate &&
        !deps_.line_rate->take(deps_.clock.now())) {
        feed_->pass_over(to);
        return;
    }
    SourceLine source{.text = line,
                      .from = position_,
                      .to = to,
                      .read_time = time,
                      .own_time = std::nullopt,
                      .guessed = std::nullopt};
    if (const auto guess = known_->guessed.find(to); guess != known_->guessed.end()) {
        source.guessed = guess->second;
    }
    rest_ = feed_->take(source);
    if (deps_.line_rate != nullptr && !deps_.drop_above_rate) {
        rest_ = std::max(rest_, deps_.line_rate->reserve(deps_.clock.now()));
    }
}

FileTail::Turn FileTail::at_end() {
    const auto info = file_->info();
    if (!info.ok()) {
        return Turn::kAtEnd;
    }
    file_bytes_->set(static_cast<double>(info->bytes));
    return !ends() && !packed_ && info->bytes < position_ ? Turn::kTruncated : Turn::kAtEnd;
}

}  // namespace logi::agent
