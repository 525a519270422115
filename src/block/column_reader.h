// Columns as a block stores them: what is in them is found out without making texts of all values.
#pragma once

#include "absl/types/span.h"
#include "base/bytes.h"
#include "base/status.h"
#include "base/time.h"
#include "block/column_note.h"
#include "block/parts.h"
#include "block/row_set.h"
#include "regex/substring.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::block {

// A text to look for: anywhere in a value, or where the value begins or ends or both.
struct Needle {
    std::string_view text;
    bool at_begin = false;
    bool at_end = false;
    bool any_case = false;  // of ASCII letters; then the text has none in upper case

    // Another part of it, with the same case.
    [[nodiscard]] Needle part(std::string_view part_text, bool begins, bool ends) const {
        return {part_text, begins, ends, any_case};
    }
    // Whether a text is, has, begins with or ends with what is looked for.
    [[nodiscard]] bool equals(std::string_view value, std::string_view wanted) const {
        return any_case ? regex::equal_any_case(value, wanted) : value == wanted;
    }
    // The same of one character.
    [[nodiscard]] bool equals(char value, char wanted) const {
        const bool capital = value >= 'A' && value <= 'Z';
        return value == wanted || (any_case && capital && (value | 0x20) == wanted);
    }
    // Where it stands in a text, wherever it should.
    [[nodiscard]] std::size_t find_in(std::string_view value, std::size_t from = 0) const {
        return any_case ? regex::find_any_case(value, text, from) : regex::find(value, text, from);
    }
    // For one value.
    [[nodiscard]] bool in(std::string_view value) const;
    // Whether values of this stamp can have it.
    [[nodiscard]] bool possible(const Stamp& stamp) const;
    friend bool operator==(const Needle&, const Needle&) = default;

  private:
    [[nodiscard]] bool classes_in(ClassMask classes) const;
};

// Numbers that stand for values: the same number, the same value.
struct ValueCodes {
    std::size_t count = 0;                    // numbers are below it
    absl::Span<const std::uint32_t> of_rows;  // empty: all are 0
};

// The entries' times of some rows, asked for when a column is relative to them. They stay as long
// as the column.
using RowTimes = std::function<StatusOr<absl::Span<const Timestamp>>()>;

// One thread. kDataLoss says what is malformed.
class ColumnReader {
  public:
    virtual ~ColumnReader() = default;
    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] const Stamp& stamp() const { return stamp_; }

    // The rows whose value has the needle.
    StatusOr<RowSet> match(const Needle& needle) {
        return needle.possible(stamp_) ? find(needle) : RowSet::none(rows_);
    }
    // One text per row, valid as long as the reader.
    StatusOr<absl::Span<const std::string_view>> values();
    // The text of every row, if they are all the same.
    [[nodiscard]] virtual std::optional<std::string_view> constant() const { return std::nullopt; }
    // Replaces `out` by the texts of as many rows from `first` on, at most kRunRows. Runs are asked
    // for one after another, from row 0 on. Texts are valid until the next call, and have
    // base::Buffer::kSlack bytes behind them.
    static constexpr std::size_t kRunRows = 128;
    virtual Status run_of_values(std::size_t first, absl::Span<std::string_view> out);
    // Appends the value of one row, without a text for every other where that can be done.
    virtual Status append_value(std::size_t row, std::string& out);
    // Codes for the values, if no more than `count_max` are needed; valid as long as the reader.
    virtual StatusOr<std::optional<ValueCodes>> codes(std::size_t count_max) {
        (void)count_max;
        return std::nullopt;
    }
    // How often each of these codes comes, for those who do not want to know where. Nothing also
    // where that is not told without them.
    virtual StatusOr<std::optional<std::vector<std::uint32_t>>> code_counts(std::size_t count_max) {
        (void)count_max;
        return std::nullopt;
    }
    // The value of a code that codes() or code_counts() gave. Valid until the next call.
    virtual StatusOr<std::string_view> code_value(std::uint32_t code);
    // Whether a value can have the byte: by the stamp, or what else the column knows.
    [[nodiscard]] virtual bool can_have(unsigned char byte) const {
        return (kClassOf[byte] & ~stamp_.classes) == 0;
    }
    // Whether every value is known to begin with a digit.
    [[nodiscard]] virtual bool begins_with_digit() const { return stamp_.classes == kDigitClass; }
    // Appends notes of this column and those in it.
    virtual void describe(int depth, std::vector<ColumnNote>& notes) const = 0;

  protected:
    ColumnReader(std::size_t rows, const Stamp& stamp) : rows_(rows), stamp_(stamp) {}
    // Looks at the text of each value.
    virtual StatusOr<RowSet> find(const Needle& needle);
    // Replaces `out`.
    virtual Status make_values(std::vector<std::string_view>& out) = 0;

  private:
    std::size_t rows_;
    Stamp stamp_;
    std::vector<std::string_view> values_;
};

// Values that several columns have in common.
struct SharedList {
    std::unique_ptr<ColumnReader> values;
    // The last search: every column asks for the same.
    std::string text;
    Needle needle;  // for that text
    std::optional<RowSet> found;

    StatusOr<RowSet> match(const Needle& n);
};

// How many values the columns of texts with so many bytes may have: each has a byte at least, and
// stands in few columns within each other.
[[nodiscard]] constexpr std::uint64_t cells_for(std::uint64_t bytes) {
    return (1U << 20U) + 8 * bytes;
}

// What parsing a tree of columns needs, and what bounds it.
struct ColumnSpace {
    base::ByteReader* tree = nullptr;  // its bytes outlive the readers
    PayloadCursor* payloads = nullptr;
    PartReader* parts = nullptr;                // outlives the readers
    std::vector<SharedList>* shared = nullptr;  // likewise
    // Values that columns may still have, all together: a hostile block could claim any number.
    std::uint64_t* cells_left = nullptr;
};

// Parses the column at the tree's place and what is in it. `rows` is not 0.
StatusOr<std::unique_ptr<ColumnReader>> read_column(const ColumnSpace& space,
                                                    std::size_t rows,
                                                    const RowTimes& times,
                                                    int depth);

// The parts of read_column(), by kind. The kind has been read.
struct ColumnStart {
    const ColumnSpace& space;
    std::size_t rows = 0;
    Stamp stamp;
    const RowTimes& times;
    int depth = 0;
};
StatusOr<std::unique_ptr<ColumnReader>> read_integers(const ColumnStart& start);
StatusOr<std::unique_ptr<ColumnReader>> read_hex(const ColumnStart& start);
StatusOr<std::unique_ptr<ColumnReader>> read_times(const ColumnStart& start);
StatusOr<std::unique_ptr<ColumnReader>> read_templates(const ColumnStart& start);

[[nodiscard]] Status malformed(std::string_view what);

}  // namespace logi::block
