// Several segments become one, or one becomes another without what is hidden.
//
// Blocks in which nothing changes are copied: those that are half full at least and share no time
// of a stream with another input; of a single input all. The rows of the others are merged and
// encoded anew. Nothing is written: the merged segment is handed out as bytes.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "catalog/snapshot.h"
#include "compact/stream_union.h"
#include "exec/visible_source.h"
#include "head/arena.h"
#include "segment/segment_writer.h"
#include "segment/swept_file.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::compact {

struct MergeCounts {
    std::uint64_t rows = 0;  // of the inputs
    std::uint64_t duplicates = 0;
    std::uint64_t hidden = 0;
    std::uint64_t blocks_copied = 0;
    std::uint64_t blocks_encoded = 0;
};

struct Merged {
    std::string bytes;          // empty if no row is left
    catalog::SegmentInfo info;  // without its key
    MergeCounts counts;
};

// One thread at a time. Memory: the merged segment, so many blocks that are open at once, and
// what the inputs' files hold.
class Merge {
  public:
    static constexpr std::size_t kOpenBlocksMax = 32;
    // A segment, and all its streams.
    struct Source {
        std::shared_ptr<const segment::SegmentReader> segment;
        segment::Selection all;
        std::shared_ptr<segment::SweptFile> file;  // null: the segment is not read through one
    };
    using Inputs = std::vector<Source>;
    // kDataLoss if the segment's directory is damaged.
    static StatusOr<Source> read(std::shared_ptr<const segment::SegmentReader> segment,
                                 std::shared_ptr<segment::SweptFile> file = nullptr);
    using Rules = std::vector<std::shared_ptr<const exec::HideRule>>;

    // Rows that `hiding` hides are left out. Equal entries stay apart if one arrived before the
    // request of a `pending` rule and one after it: the later is none that the rule may hide.
    // kFailedPrecondition for inputs that were not written by Logi.
    static StatusOr<std::unique_ptr<Merge>> make(const Inputs& inputs,
                                                 const exec::Hiding& hiding,
                                                 Rules pending = {});

    // Does the work of about one block. False when all is done. kDataLoss if an input is damaged,
    // kUnavailable if it cannot be read; failed_input() tells which.
    StatusOr<bool> step();
    // The number of the input whose reading failed, if that is why step() did.
    [[nodiscard]] std::optional<std::size_t> failed_input() const { return failed_input_; }

    // After the last step. kInternal if the numbers of rows do not add up.
    StatusOr<Merged> finish();

  private:
    struct Input {
        // Its block is not read any more.
        void done(std::uint32_t block) const;

        std::shared_ptr<const segment::SegmentReader> segment;
        std::shared_ptr<segment::SweptFile> file;
        segment::Selection visible;
        std::vector<std::vector<segment::StreamExtent>> extents;  // that are visible, by block
        std::vector<bool> touched;                                // by block: something is hidden
        std::vector<bool> overlaps;                               // by block: another input
    };
    // Of a row in the merged segment.
    struct Key {
        std::uint32_t stream = 0;
        Timestamp time;
        Sequence sequence;
        friend constexpr auto operator<=>(const Key&, const Key&) = default;
    };
    // A block whose rows are merged; opened when its turn comes.
    struct Run {
        std::size_t input = 0;
        std::uint32_t block = 0;
        Key key;  // of the next row
        std::unique_ptr<block::BlockReader> reader;
        absl::Span<const std::uint32_t> streams;
        absl::Span<const Timestamp> times;
        absl::Span<const Sequence> sequences;
        std::uint32_t row = 0;
    };
    // A block that is copied, or runs that are merged.
    struct Item {
        bool copy = false;
        std::size_t input = 0;
        std::uint32_t block = 0;
        std::vector<Run> runs;
    };

    Merge() = default;
    static bool later(const Run& a, const Run& b);
    void add_input(const Source& source, const exec::Hiding& hiding);
    void add_runs(std::vector<Run> runs);
    void find_overlaps();
    [[nodiscard]] bool copies(const Input& input, std::uint32_t block) const;
    [[nodiscard]] Run run_of(std::size_t input, std::uint32_t block) const;
    void add_block(std::size_t input, std::uint32_t block, Item& merged);
    Status copy_block(const Item& item);
    Status open(Run& run);
    void set_key(Run& run) const;
    // False when no run is left.
    StatusOr<bool> merge_some(std::vector<Run>& runs);
    Status emit(Run& run);
    bool is_duplicate(const Key& key, std::string_view line);
    [[nodiscard]] bool apart(const Sequence& a, const Sequence& b) const;
    void note(std::uint32_t stream, Timestamp min, Timestamp max);

    std::vector<Input> inputs_;
    StreamUnion union_;
    std::deque<Item> items_;
    std::unique_ptr<segment::SegmentWriter> writer_;
    std::unique_ptr<head::Arena> arena_;  // of the rows that are not yet encoded
    Key last_;                            // of the row that was added last
    bool has_last_ = false;
    // Entries of its stream and time, each with its latest arrival.
    std::vector<std::pair<base::Hash128, Sequence>> place_;
    absl::flat_hash_map<base::Hash128, Sequence> crowded_place_;
    Rules pending_;
    std::optional<std::size_t> failed_input_;
    std::vector<MetadataView> metadata_;
    std::string hashed_;
    std::vector<bool> with_rows_;  // streams
    Merged merged_;
};

}  // namespace logi::compact
