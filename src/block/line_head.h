// The tree of a block's lines, and where things are in it: what its readers have in common.
#pragma once

#include "base/buffer.h"
#include "base/hash.h"
#include "base/mutex.h"
#include "block/column_reader.h"
#include "block/kept.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace logi::block {

// What the format allows in a block.
inline constexpr std::uint64_t kStoredTemplatesMax = 65534;
inline constexpr std::uint64_t kStoredSlotsMax = 255;

// Where a column is read from (see ColumnSpace), and what it tells without being read.
class ColumnPlace {
  public:
    ColumnPlace() = default;
    ColumnPlace(std::string_view from, const PayloadCursor& at) : tree(from), payloads(at) {}

    std::string_view tree;  // from its kind on
    PayloadCursor payloads{0};

    // As ColumnReader has them; it may know better what a value cannot have.
    [[nodiscard]] const Stamp& stamp() const { return stamp_; }
    [[nodiscard]] bool begins_with_digit() const { return begins_with_digit_; }
    [[nodiscard]] bool can_have(unsigned char byte) const {
        return (kClassOf[byte] & ~stamp_.classes) == 0;
    }
    void learn(const ColumnReader& column) {
        stamp_ = column.stamp();
        begins_with_digit_ = column.begins_with_digit();
    }

  private:
    Stamp stamp_;
    bool begins_with_digit_ = false;
};

// What is looked at when a call needs it; then kDataLoss says what of it is malformed.
class LineHead final : public Kept {
  public:
    // The tree is EncodedColumns::whole_tree(). Lines have `line_bytes` all together.
    static StatusOr<std::shared_ptr<const LineHead>> open(base::Buffer tree,
                                                          std::uint32_t rows,
                                                          std::uint64_t line_bytes);

    // LetterTriples of the lines, or nothing.
    [[nodiscard]] std::string_view letters() const { return letters_; }
    // The directory of parts, and what follows it.
    [[nodiscard]] std::string_view columns() const { return columns_; }
    [[nodiscard]] std::uint32_t rows() const { return rows_; }
    // Values that columns may have, all together.
    [[nodiscard]] std::uint64_t cells_max() const { return cells_for(line_bytes_); }

    // A template.
    struct Kind {
        std::size_t rows = 0;
        std::vector<std::string_view> pieces;  // in the tree, like what follows
        std::string_view tree;                 // of its columns
        std::uint32_t pool = 0;
    };
    struct List {
        ColumnPlace place;
        std::size_t values = 0;
    };
    struct Places {
        std::vector<List> lists;   // of values that columns have in common
        bool has_numbers = false;  // else all lines are of one kind
        Payload numbers;
        std::size_t rest_rows = 0;
        ColumnPlace rest;  // if it has rows
        std::vector<Kind> kinds;
    };
    StatusOr<const Places*> places() const;
    // Of a kind's columns.
    StatusOr<absl::Span<const ColumnPlace>> columns_of(std::size_t kind) const;
    // Of each kind's pieces.
    StatusOr<absl::Span<const base::Hash128>> pieces_hashes() const;

    [[nodiscard]] std::size_t memory_bytes() const override;

  private:
    LineHead(base::Buffer tree, std::uint32_t rows, std::uint64_t line_bytes)
        : tree_(std::move(tree)), rows_(rows), line_bytes_(line_bytes) {}
    Status parse() const LOGI_REQUIRES(mutex_);
    Status parse_kind(base::ByteReader& tree) const LOGI_REQUIRES(mutex_);

    const base::Buffer tree_;
    const std::uint32_t rows_;
    const std::uint64_t line_bytes_;
    std::string_view letters_;
    std::string_view columns_;

    mutable base::Mutex mutex_;
    // What is here once does not change any more.
    mutable std::optional<Status> parsed_ LOGI_GUARDED_BY(mutex_);
    mutable Places places_;
    mutable std::vector<std::vector<ColumnPlace>> kind_columns_ LOGI_GUARDED_BY(mutex_);
    mutable std::vector<base::Hash128> hashes_ LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::block
