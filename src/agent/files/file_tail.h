// One file that is read as it grows, from when it is found until nobody writes to it any more.
#pragma once

#include "agent/client/feed.h"
#include "agent/files/chunk_reader.h"
#include "agent/files/line_decoder.h"
#include "agent/files/line_times.h"
#include "agent/positions/read_log.h"
#include "agent/token_bucket.h"
#include "io/growing_file.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace logi::agent {

// What tails share.
struct TailDeps {
    const StageContext& stages;
    Delivery& delivery;
    ReadLog& log;
    LineTimes& times;
    const io::Clock& clock;
    TokenBucket* line_rate = nullptr;  // limits_config.readline_rate; null: no limit
    bool drop_above_rate = false;
    Pipeline::Observer observer = nullptr;
};

// On one strand.
class FileTail {
  public:
    // Longer lines are delivered in pieces of this size.
    static constexpr std::size_t kLineBytesMax = kLinePieceBytes;
    // At most so much at once, so that every file gets its turn.
    static constexpr std::size_t kTurnBytes = 256U << 10U;

    struct Options {
        std::string path;     // where the file is
        std::string name;     // its name for labels and positions
        std::uint64_t owner;  // see KnownFile
        Labels labels;        // of the target
        const ScrapeConfig* scrape = nullptr;
    };
    // Goes on where `known` says, if it is not 0, else behind `start`. kNotFound, kInvalidArgument
    // for what is no file, kUnavailable.
    static StatusOr<std::unique_ptr<FileTail>> open(const TailDeps& deps,
                                                    Options options,
                                                    std::uint64_t known,
                                                    std::uint64_t start);
    ~FileTail();

    enum class Turn {
        kMore,       // there is more to read
        kAtEnd,      // for now
        kTruncated,  // the file is shorter than what was read of it, or begins otherwise
        kRest,       // not before rest()
        kFailed,     // it cannot be read; the log says why
    };
    // Reads some lines, at most kTurnBytes or one line. `buffer` has kLineBytesMax bytes.
    Turn read_turn(absl::Span<char> buffer);
    [[nodiscard]] Duration rest() const { return rest_; }

    [[nodiscard]] const Options& options() const { return options_; }
    [[nodiscard]] const io::FileIdentity& identity() const { return file_->identity(); }
    [[nodiscard]] int fd() const { return file_->fd(); }
    [[nodiscard]] std::uint64_t known() const { return id_; }
    [[nodiscard]] std::uint64_t position() const { return position_; }
    [[nodiscard]] std::uint64_t delivered() const { return known_->delivered; }
    [[nodiscard]] StatusOr<io::FileInfo> info() const { return file_->info(); }
    // Its end is the end: nothing is appended to compressed files.
    [[nodiscard]] bool ends() const { return reader_->counts_lines(); }
    [[nodiscard]] Feed& feed() { return *feed_; }
    // What is left of the file is read from a copy of it.
    Status go_on_in(const std::string& path);
    // When no other tail has its name: they share the metrics.
    void remove_metrics();

  private:
    FileTail(const TailDeps& deps, Options options, std::unique_ptr<io::GrowingFile> file)
        : deps_(deps), options_(std::move(options)), file_(std::move(file)) {}
    Status begin(std::uint64_t known, std::uint64_t start);
    Status choose_reader(std::uint64_t known);
    [[nodiscard]] StatusOr<std::string> read_head(std::size_t bytes) const;
    [[nodiscard]] bool begins_otherwise();
    // The range that is read next, with its bytes; nothing at the end.
    StatusOr<std::optional<ReadRange>> next_range(absl::Span<char> buffer, std::string_view& bytes);
    std::size_t whole_lines(std::string_view bytes, std::uint64_t& lines) const;
    void take_line(std::string_view line, const ReadRange& range, std::uint64_t to);
    Turn at_end();

    const TailDeps deps_;
    Options options_;
    std::unique_ptr<io::GrowingFile> file_;
    std::unique_ptr<ChunkReader> reader_;
    bool packed_ = false;  // a compressed copy stands for the file, in whose bytes positions are
    std::unique_ptr<LineDecoder> decoder_;  // null: UTF-8
    std::unique_ptr<Feed> feed_;
    std::uint64_t id_ = 0;
    const KnownFile* known_ = nullptr;  // of the log, which keeps it until it is removed
    FileHead head_;
    std::uint64_t position_ = 0;
    std::uint64_t line_of_range_ = 0;  // the number, in its range, of the line at position_
    std::uint64_t deliver_from_ = 0;   // lines that end before it are delivered already
    Duration rest_;
    std::optional<base::Counter> read_lines_;
    std::optional<base::Gauge> read_bytes_;
    std::optional<base::Gauge> file_bytes_;
};

}  // namespace logi::agent
