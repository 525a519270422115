#include "local/file_source.h"

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "local/spool.h"
#include "local/text_chunk.h"
#include "segment/selection.h"

#include <algorithm>

namespace logi::local {
namespace {

struct Chunk {
    Spool::Place place;  // of a plain file: in the file
    ChunkStats stats;
};

// What is known of a text before its lines are read a second time.
struct Scanned {
    std::string name;
    Labels labels;
    StreamId id;         // by the order of the files: lines of one time stay in it
    Timestamp fallback;  // of lines in texts without times
    LineTime times;
    std::shared_ptr<const Spool> spool;  // null: the text is in the file `name`
    io::FileIdentity identity;           // of that file
    std::vector<Chunk> chunks;
    bool matches_all = false;  // whatever a selector says
};

StatusOr<std::string> read_range(const std::string& path,
                                 const io::FileIdentity& identity,
                                 const Spool::Place& place) {
    LOGI_ASSIGN_OR_RETURN(const auto file, io::GrowingFile::open(path));
    std::string text(place.bytes, '\0');
    LOGI_ASSIGN_OR_RETURN(const std::size_t n,
                          file->read(place.offset, absl::MakeSpan(text.data(), text.size())));
    if (n < text.size() || file->identity() != identity) {
        return absl::DataLossError(
            absl::StrCat(path, " has been cut or replaced while it was read"));
    }
    return text;
}

class OneStream final : public segment::SelectedStreams {
  public:
    explicit OneStream(const Scanned& of) : of_(of) {}
    [[nodiscard]] Labels labels(std::uint32_t /*stream*/) const override { return of_.labels; }
    [[nodiscard]] StreamId id(std::uint32_t /*stream*/) const override { return of_.id; }

  private:
    const Scanned& of_;
};

class TextSource final : public segment::BlockHolder {
  public:
    explicit TextSource(Scanned scanned) : scanned_(std::move(scanned)) {
        std::erase_if(scanned_.chunks, [](const Chunk& chunk) { return chunk.stats.rows == 0; });
        // Lines at the beginning of the file have the time that comes first.
        Timestamp before = scanned_.fallback;
        for (const Chunk& chunk : scanned_.chunks) {
            if (chunk.stats.times.has_value()) {
                before = chunk.stats.times->first;
                break;
            }
        }
        for (const Chunk& chunk : scanned_.chunks) {
            block::BlockStats stats;
            stats.rows = chunk.stats.rows;
            stats.line_bytes = chunk.stats.line_bytes;
            stats.min_time = stats.max_time = before;
            if (const auto& times = chunk.stats.times; times.has_value()) {
                const bool has_others = chunk.stats.rows_before_times > 0;
                stats.min_time = has_others ? std::min(before, times->min) : times->min;
                stats.max_time = has_others ? std::max(before, times->max) : times->max;
            }
            before_.push_back(before);
            before = chunk.stats.times.has_value() ? chunk.stats.times->last : before;
            stats_.push_back(stats);
        }
    }

    [[nodiscard]] StatusOr<segment::Selection> select(const std::vector<Matcher>& matchers,
                                                      Timestamp first,
                                                      Timestamp last) const override {
        std::vector<segment::StreamExtent> extents;
        const bool matches = scanned_.matches_all || logi::matches_all(matchers, scanned_.labels);
        for (std::uint32_t i = 0; matches && i < stats_.size(); ++i) {
            const block::BlockStats& stats = stats_[i];
            if (stats.min_time <= last && first <= stats.max_time) {
                segment::StreamExtent extent;
                extent.block = i;
                extent.rows = stats.rows;
                extent.min_time = stats.min_time;
                extent.max_time = stats.max_time;
                extent.line_bytes = stats.line_bytes;
                extents.push_back(extent);
            }
        }
        return segment::Selection(
            *this, std::make_shared<const OneStream>(scanned_), std::move(extents));
    }
    [[nodiscard]] absl::Span<const block::BlockStats> blocks() const override { return stats_; }
    using BlockHolder::open_block;
    [[nodiscard]] StatusOr<std::unique_ptr<block::BlockReader>> open_block(
        std::uint32_t block, std::uint64_t* bytes_read) const override {
        const Spool::Place& place = scanned_.chunks[block].place;
        std::string text;
        if (scanned_.spool != nullptr) {
            LOGI_ASSIGN_OR_RETURN(const base::Buffer spooled, scanned_.spool->read(place));
            text = std::string(spooled.view());
        } else {
            LOGI_ASSIGN_OR_RETURN(text, read_range(scanned_.name, scanned_.identity, place));
        }
        if (bytes_read != nullptr) {
            *bytes_read += place.stored_bytes;
        }
        return read_chunk({std::make_shared<const std::string>(std::move(text)),
                           scanned_.times,
                           before_[block],
                           block + std::uint64_t{1},
                           stats_[block],
                           scanned_.name});
    }
    [[nodiscard]] std::string name() const override { return scanned_.name; }

  private:
    Scanned scanned_;
    std::vector<block::BlockStats> stats_;
    std::vector<Timestamp> before_;  // of each: the time of the line before it
};

// Cuts a text that comes piece by piece, and keeps it in the spool.
class TextCutter {
  public:
    TextCutter(Scanned& out, Spool& spool, const TimeOptions& options)
        : out_(out), spool_(spool), options_(options) {}

    Status add(std::string_view piece) {
        text_.append(piece);
        if (text_.size() < kChunkBytes) {
            return absl::OkStatus();
        }
        const std::size_t end = text_.rfind('\n');
        if (end == std::string::npos) {
            return text_.size() <= kLineBytesMax ? absl::OkStatus()
                                                 : absl::DataLossError("a line is too long");
        }
        LOGI_RETURN_IF_ERROR(keep(std::string_view(text_).substr(0, end + 1)));
        text_.erase(0, end + 1);
        return absl::OkStatus();
    }
    Status finish() { return text_.empty() ? absl::OkStatus() : keep(text_); }

  private:
    Status keep(std::string_view text) {
        if (out_.chunks.empty()) {
            out_.times = find_times(text, options_, out_.fallback);
        }
        LOGI_ASSIGN_OR_RETURN(const Spool::Place place, spool_.add(text));
        out_.chunks.push_back({place, look_at(text, out_.times)});
        return absl::OkStatus();
    }

    Scanned& out_;
    Spool& spool_;
    const TimeOptions& options_;
    std::string text_;
};

// Chunks of a plain file, which all end with a line.
Status cut_plain(const io::GrowingFile& file, std::uint64_t bytes, std::vector<Chunk>& chunks) {
    std::string buffer(16U << 10U, '\0');
    for (std::uint64_t begin = 0; begin < bytes;) {
        std::uint64_t end = std::min(begin + kChunkBytes, bytes);
        while (end < bytes) {
            LOGI_ASSIGN_OR_RETURN(const std::size_t n,
                                  file.read(end - 1, absl::MakeSpan(buffer.data(), buffer.size())));
            const std::size_t newline = std::string_view(buffer.data(), n).find('\n');
            end = newline == std::string_view::npos ? std::min(end + n, bytes) : end + newline;
            if (newline != std::string_view::npos || n == 0) {
                break;
            }
            if (end - begin > kLineBytesMax) {
                return absl::DataLossError(absl::StrCat("a line is too long behind byte ", begin));
            }
        }
        chunks.push_back({{begin, end - begin, end - begin}, {}});
        begin = end;
    }
    return absl::OkStatus();
}

// Makes a source of it, if it has lines.
void add_source(OpenedFiles& out, Scanned scanned, const TimeOptions& options) {
    const std::string name = scanned.name;
    const bool untold = scanned.times.none() && options.layout != "none";
    const auto source = std::make_shared<const TextSource>(std::move(scanned));
    if (source->blocks().empty()) {
        return;
    }
    if (untold) {
        out.notes.push_back(absl::StrCat(
            name,
            options.layout == "auto"
                ? ": no times were found in its lines; all have the time of its last change"
                : ": no line has a time as it was told; all have that of its last change"));
    }
    for (const block::BlockStats& stats : source->blocks()) {
        out.first = out.lines == 0 ? stats.min_time : std::min(out.first, stats.min_time);
        out.last = out.lines == 0 ? stats.max_time : std::max(out.last, stats.max_time);
        out.lines += stats.rows;
        out.bytes += stats.line_bytes;
    }
    out.sources.push_back(source);
}

// The files on their way to sources.
class FilesScan {
  public:
    FilesScan(const std::vector<LogFile>& files,
              const FileOptions& options,
              std::shared_ptr<Spool> spool)
        : files_(files), options_(options), spool_(std::move(spool)), problems_(files.size()) {
        const LineTime none = LineTime::find_out({}, {"none", "", options.time.zone}, {});
        for (std::size_t i = 0; i < files.size(); ++i) {
            scanned_.push_back({files[i].path,
                                labels_of(files[i], options.labels),
                                {0, i + 1},
                                files[i].changed,
                                none,
                                nullptr,
                                {},
                                {},
                                false});
        }
    }

    // Everything of a compressed file; of a plain one, where its chunks are.
    void begin(std::size_t i) { note(i, begin_file(i)); }
    struct Part {
        std::size_t file;
        std::size_t chunk;
    };
    [[nodiscard]] std::vector<Part> parts() const {
        std::vector<Part> parts;
        for (std::size_t i = 0; i < scanned_.size(); ++i) {
            for (std::size_t c = 0; scanned_[i].spool == nullptr && c < scanned_[i].chunks.size();
                 ++c) {
                parts.push_back({i, c});
            }
        }
        return parts;
    }
    // Each part by itself.
    void read(Part part) { note(part.file, read_part(part)); }

    OpenedFiles finish() {
        OpenedFiles out;
        for (std::size_t i = 0; i < scanned_.size(); ++i) {
            add_source(out, std::move(scanned_[i]), options_.time);
            if (!problems_[i].ok()) {
                out.missing.emplace_back(message_of(problems_[i]));
            }
        }
        return out;
    }

  private:
    Status begin_file(std::size_t i) {
        const LogFile& file = files_[i];
        Scanned& out = scanned_[i];
        LOGI_ASSIGN_OR_RETURN(const auto opened, io::GrowingFile::open(file.path));
        out.identity = opened->identity();
        if (!file.compression.empty()) {
            out.spool = spool_;
            TextCutter cutter(out, *spool_, options_.time);
            Status status =
                read_text(file, *opened, [&](std::string_view piece) { return cutter.add(piece); });
            status.Update(cutter.finish());
            return status;
        }
        std::string head(kSampleBytes, '\0');
        LOGI_ASSIGN_OR_RETURN(const std::size_t n,
                              opened->read(0, absl::MakeSpan(head.data(), head.size())));
        head.resize(n);
        out.times = find_times(head, options_.time, out.fallback);
        return cut_plain(*opened, file.bytes, out.chunks);
    }

    Status read_part(Part part) {
        Scanned& file = scanned_[part.file];
        Chunk& chunk = file.chunks[part.chunk];
        LOGI_ASSIGN_OR_RETURN(const std::string text,
                              read_range(file.name, file.identity, chunk.place));
        LineTime times = file.times;
        chunk.stats = look_at(text, times);
        return absl::OkStatus();
    }

    void note(std::size_t i, const Status& status) {
        if (!status.ok()) {
            const base::MutexLock lock(mutex_);
            problems_[i].Update(
                Status(status.code(),
                       absl::StrCat(files_[i].path, ": ", std::string(message_of(status)))));
        }
    }

    const std::vector<LogFile>& files_;
    const FileOptions& options_;
    const std::shared_ptr<Spool> spool_;
    std::vector<Scanned> scanned_;
    base::Mutex mutex_;
    std::vector<Status> problems_;
};

}  // namespace

StatusOr<OpenedFiles> open_log_files(io::Executor& executor,
                                     const std::vector<LogFile>& files,
                                     const FileOptions& options) {
    std::shared_ptr<Spool> spool;
    if (std::any_of(files.begin(), files.end(), [](const LogFile& file) {
            return !file.compression.empty();
        })) {
        LOGI_ASSIGN_OR_RETURN(spool, Spool::open());
    }
    FilesScan scan(files, options, std::move(spool));
    io::wait_for(executor, [&](io::Task done) {
        io::for_each_async(
            executor, files.size(), [&](std::size_t i) { scan.begin(i); }, std::move(done));
    });
    const auto parts = scan.parts();
    io::wait_for(executor, [&](io::Task done) {
        io::for_each_async(
            executor, parts.size(), [&](std::size_t i) { scan.read(parts[i]); }, std::move(done));
    });
    return scan.finish();
}

StatusOr<OpenedFiles> open_text(const std::function<StatusOr<bool>(std::string& text)>& read,
                                const Labels& labels,
                                const TimeOptions& options,
                                Timestamp now) {
    LOGI_ASSIGN_OR_RETURN(std::shared_ptr<Spool> spool, Spool::open());
    Scanned scanned{"standard input",
                    labels,
                    {0, 1},
                    now,
                    LineTime::find_out({}, {"none", "", options.zone}, now),
                    spool,
                    {},
                    {},
                    true};
    TextCutter cutter(scanned, *spool, options);
    for (bool more = true; more;) {
        std::string piece;
        LOGI_ASSIGN_OR_RETURN(more, read(piece));
        LOGI_RETURN_IF_ERROR(cutter.add(piece));
    }
    LOGI_RETURN_IF_ERROR(cutter.finish());
    OpenedFiles out;
    add_source(out, std::move(scanned), options);
    return out;
}

}  // namespace logi::local
