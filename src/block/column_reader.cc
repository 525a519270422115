#include "block/column_reader.h"

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "block/scratch_numbers.h"
#include "codec/integers.h"
#include "regex/substring.h"

namespace logi::block {
namespace {

class ConstantColumn final : public ColumnReader {
  public:
    ConstantColumn(std::size_t rows, std::string_view value)
        : ColumnReader(rows,
                       {classes_of(value),
                        static_cast<std::uint32_t>(value.size()),
                        static_cast<std::uint32_t>(value.size())}),
          value_(value) {}
    void describe(int depth, std::vector<ColumnNote>& notes) const override {
        notes.push_back({depth, kConstant, rows(), 0, std::string(value_)});
    }
    StatusOr<std::optional<ValueCodes>> codes(std::size_t count_max) override {
        return count_max > 0 ? std::optional(ValueCodes{1, {}}) : std::nullopt;
    }
    StatusOr<std::string_view> code_value(std::uint32_t code) override {
        (void)code;
        return value_;
    }
    Status append_value(std::size_t row, std::string& out) override {
        (void)row;
        out.append(value_);
        return absl::OkStatus();
    }
    [[nodiscard]] std::optional<std::string_view> constant() const override { return value_; }

  private:
    StatusOr<RowSet> find(const Needle& needle) override {
        return needle.in(value_) ? RowSet::all(rows()) : RowSet::none(rows());
    }
    Status make_values(std::vector<std::string_view>& out) override {
        out.assign(rows(), value_);
        return absl::OkStatus();
    }
    std::string_view value_;  // in the tree
};

// Numbers of words, whoever has the words.
class NumberedColumn : public ColumnReader {
  public:
    StatusOr<std::optional<ValueCodes>> codes(std::size_t count_max) override {
        if (words().rows() > count_max) {
            return std::nullopt;
        }
        LOGI_RETURN_IF_ERROR(load());
        return ValueCodes{words().rows(), absl::MakeConstSpan(numbers_)};
    }
    StatusOr<std::optional<std::vector<std::uint32_t>>> code_counts(
        std::size_t count_max) override {
        if (words().rows() > count_max) {
            return std::nullopt;
        }
        LOGI_ASSIGN_OR_RETURN(const auto bytes, parts_.payload(numbers_at_));
        auto counts =
            codec::count_numbers(bytes, rows(), static_cast<std::uint32_t>(words().rows()));
        if (!counts.ok()) {
            return malformed("a dictionary's number");
        }
        return *std::move(counts);
    }
    StatusOr<std::string_view> code_value(std::uint32_t code) override {
        LOGI_ASSIGN_OR_RETURN(const auto texts, words().values());
        LOGI_CHECK(code < texts.size());
        return texts[code];
    }
    Status append_value(std::size_t row, std::string& out) override {
        LOGI_RETURN_IF_ERROR(load());
        return words().append_value(numbers_[row], out);
    }
    Status run_of_values(std::size_t first, absl::Span<std::string_view> out) override {
        LOGI_RETURN_IF_ERROR(load());
        LOGI_ASSIGN_OR_RETURN(const auto texts, words().values());
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = texts[numbers_[first + i]];
        }
        return absl::OkStatus();
    }

  protected:
    NumberedColumn(const ColumnStart& start, Payload numbers)
        : ColumnReader(start.rows, start.stamp), parts_(*start.space.parts), numbers_at_(numbers) {}
    [[nodiscard]] std::uint64_t stored_bytes() const { return parts_.stored_bytes(numbers_at_); }

  private:
    virtual ColumnReader& words() const = 0;
    virtual StatusOr<RowSet> find_words(const Needle& needle) = 0;

    StatusOr<RowSet> find(const Needle& needle) override {
        LOGI_ASSIGN_OR_RETURN(const RowSet words, find_words(needle));
        if (words.is_none() || words.is_all()) {
            return words.is_all() ? RowSet::all(rows()) : RowSet::none(rows());
        }
        if (!numbers_.empty()) {
            return rows_of_words(words, numbers_);
        }
        // Who searches does not come back for the numbers.
        const absl::Span<std::uint32_t> numbers = scratch_numbers(rows());
        LOGI_RETURN_IF_ERROR(read_numbers(numbers));
        return rows_of_words(words, numbers);
    }
    static RowSet rows_of_words(const RowSet& words, absl::Span<const std::uint32_t> numbers) {
        constexpr std::size_t kStep = 8;
        std::vector<std::uint8_t> has(words.rows());
        words.for_each([&has](std::size_t word) { has[word] = 1; });
        RowSet found = RowSet::none(numbers.size());
        for (std::size_t row = 0; row < numbers.size(); row += kStep) {
            unsigned bits = 0;
            const auto eight = numbers.subspan(row, kStep);
            for (std::size_t i = 0; i < eight.size(); ++i) {
                bits |= unsigned{has[eight[i]]} << i;
            }
            if (bits != 0) {
                found.add_eight(row, bits);
            }
        }
        return found;
    }
    Status make_values(std::vector<std::string_view>& out) override {
        out.resize(rows());
        return run_of_values(0, absl::MakeSpan(out));
    }
    Status load() {
        if (!numbers_.empty()) {
            return absl::OkStatus();
        }
        std::vector<std::uint32_t> numbers(rows());
        LOGI_RETURN_IF_ERROR(read_numbers(absl::MakeSpan(numbers)));
        numbers_ = std::move(numbers);
        return absl::OkStatus();
    }
    Status read_numbers(absl::Span<std::uint32_t> numbers) {
        LOGI_ASSIGN_OR_RETURN(const auto bytes, parts_.payload(numbers_at_));
        const auto limit = static_cast<std::uint32_t>(words().rows());
        return codec::decode_numbers(bytes, limit, numbers).ok()
                   ? absl::OkStatus()
                   : malformed("a dictionary's number");
    }

    PartReader& parts_;
    Payload numbers_at_;
    std::vector<std::uint32_t> numbers_;
};

class DictionaryColumn final : public NumberedColumn {
  public:
    DictionaryColumn(const ColumnStart& start, Payload numbers, std::unique_ptr<ColumnReader> words)
        : NumberedColumn(start, numbers), words_(std::move(words)) {}
    void describe(int depth, std::vector<ColumnNote>& notes) const override {
        notes.push_back({depth, kDictionary, rows(), stored_bytes(), ""});
        words_->describe(depth + 1, notes);
    }

  private:
    ColumnReader& words() const override { return *words_; }
    StatusOr<RowSet> find_words(const Needle& needle) override { return words_->match(needle); }
    std::unique_ptr<ColumnReader> words_;
};

class SharedColumn final : public NumberedColumn {
  public:
    SharedColumn(const ColumnStart& start, Payload numbers, SharedList& list)
        : NumberedColumn(start, numbers), list_(list) {}
    void describe(int depth, std::vector<ColumnNote>& notes) const override {
        notes.push_back({depth, kShared, rows(), stored_bytes(), ""});
    }

  private:
    ColumnReader& words() const override { return *list_.values; }
    StatusOr<RowSet> find_words(const Needle& needle) override { return list_.match(needle); }
    SharedList& list_;
};

class StringColumn final : public ColumnReader {
  public:
    StringColumn(const ColumnStart& start, Payload sizes, Payload bytes)
        : ColumnReader(start.rows, start.stamp),
          parts_(*start.space.parts),
          sizes_at_(sizes),
          bytes_at_(bytes) {}
    void describe(int depth, std::vector<ColumnNote>& notes) const override {
        const std::uint64_t stored =
            parts_.stored_bytes(sizes_at_) + parts_.stored_bytes(bytes_at_);
        notes.push_back({depth, kString, rows(), stored, ""});
    }
    Status append_value(std::size_t row, std::string& out) override {
        LOGI_RETURN_IF_ERROR(load());
        LOGI_ASSIGN_OR_RETURN(const std::string_view bytes, parts_.payload(bytes_at_));
        const std::uint64_t begin = row == 0 ? 0 : ends_[row - 1];
        out.append(bytes.substr(begin, ends_[row] - begin));
        return absl::OkStatus();
    }
    Status run_of_values(std::size_t first, absl::Span<std::string_view> out) override {
        LOGI_RETURN_IF_ERROR(load());
        LOGI_ASSIGN_OR_RETURN(const std::string_view bytes, parts_.payload(bytes_at_));
        std::uint64_t begin = first == 0 ? 0 : ends_[first - 1];
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = bytes.substr(begin, ends_[first + i] - begin);
            begin = ends_[first + i];
        }
        return absl::OkStatus();
    }

  private:
    // One search over all texts; where they end matters only once a needle is found.
    StatusOr<RowSet> find(const Needle& needle) override {
        if (needle.at_begin || needle.at_end || needle.text.empty()) {
            return ColumnReader::find(needle);
        }
        LOGI_ASSIGN_OR_RETURN(const std::string_view bytes, parts_.payload(bytes_at_));
        RowSet found = RowSet::none(rows());
        std::size_t row = 0;
        std::size_t at = 0;
        while ((at = needle.find_in(bytes, at)) != regex::kNotFound) {
            LOGI_RETURN_IF_ERROR(load());
            while (ends_[row] <= at) {
                ++row;
            }
            if (at + needle.text.size() <= ends_[row]) {
                found.add(row);
                at = ends_[row];
            } else {
                ++at;  // it spans two values
            }
        }
        return found;
    }
    Status make_values(std::vector<std::string_view>& out) override {
        out.resize(rows());
        return run_of_values(0, absl::MakeSpan(out));
    }
    Status load() {
        if (!ends_.empty()) {
            return absl::OkStatus();
        }
        LOGI_ASSIGN_OR_RETURN(const auto sizes, parts_.payload(sizes_at_));
        std::vector<std::uint64_t> ends;
        LOGI_RETURN_IF_ERROR(codec::decode_integers(sizes, rows(), ends));
        std::uint64_t end = 0;
        for (std::uint64_t& size : ends) {
            if (size > bytes_at_.size - end) {
                return malformed("the length of a text");
            }
            end += size;
            size = end;
        }
        if (end != bytes_at_.size) {
            return malformed("the length of texts");
        }
        ends_ = std::move(ends);
        return absl::OkStatus();
    }

    PartReader& parts_;
    Payload sizes_at_;
    Payload bytes_at_;
    std::vector<std::uint64_t> ends_;
};

StatusOr<std::unique_ptr<ColumnReader>> read_dictionary(const ColumnStart& start) {
    const std::uint64_t words = start.space.tree->varint();
    if (words == 0 || words > start.rows) {
        return malformed("the size of a dictionary");
    }
    const Payload numbers = start.space.payloads->take(*start.space.tree);
    LOGI_ASSIGN_OR_RETURN(auto column, read_column(start.space, words, nullptr, start.depth + 1));
    return std::make_unique<DictionaryColumn>(start, numbers, std::move(column));
}

}  // namespace

StatusOr<RowSet> SharedList::match(const Needle& n) {
    if (!found || needle != n) {
        LOGI_ASSIGN_OR_RETURN(found, values->match(n));
        text = std::string(n.text);
        needle = n.part(text, n.at_begin, n.at_end);
    }
    return *found;
}

Status malformed(std::string_view what) {
    return absl::DataLossError(absl::StrCat(std::string(what), " is malformed"));
}

bool Needle::in(std::string_view value) const {
    if (value.size() < text.size()) {
        return false;
    }
    if (at_begin) {
        return equals(value.substr(0, text.size()), text) &&
               (!at_end || value.size() == text.size());
    }
    return at_end ? equals(value.substr(value.size() - text.size()), text)
                  : find_in(value) != regex::kNotFound;
}

bool Needle::possible(const Stamp& stamp) const {
    return text.size() <= stamp.max_size && classes_in(stamp.classes) &&
           (!at_begin || !at_end || text.size() >= stamp.min_size);
}

bool Needle::classes_in(ClassMask classes) const {
    if (!any_case) {
        return (classes_of(text) & ~classes) == 0;
    }
    return std::all_of(text.begin(), text.end(), [&](char c) {
        const bool letter = c >= 'a' && c <= 'z';
        return (class_of(static_cast<unsigned char>(c)) & ~classes) == 0 ||
               (letter && (class_of(static_cast<unsigned char>(c ^ 0x20)) & ~classes) == 0);
    });
}

StatusOr<absl::Span<const std::string_view>> ColumnReader::values() {
    if (values_.empty()) {
        std::vector<std::string_view> values;
        LOGI_RETURN_IF_ERROR(make_values(values));
        values_ = std::move(values);
    }
    return absl::MakeConstSpan(values_);
}

Status ColumnReader::run_of_values(std::size_t first, absl::Span<std::string_view> out) {
    LOGI_ASSIGN_OR_RETURN(const auto texts, values());
    std::copy_n(texts.begin() + static_cast<std::ptrdiff_t>(first), out.size(), out.begin());
    return absl::OkStatus();
}

Status ColumnReader::append_value(std::size_t row, std::string& out) {
    LOGI_ASSIGN_OR_RETURN(const auto texts, values());
    out.append(texts[row]);
    return absl::OkStatus();
}

StatusOr<std::string_view> ColumnReader::code_value(std::uint32_t code) {
    (void)code;
    LOGI_CHECK(false);  // there are no codes
    return std::string_view();
}

StatusOr<RowSet> ColumnReader::find(const Needle& needle) {
    LOGI_ASSIGN_OR_RETURN(const auto texts, values());
    RowSet found = RowSet::none(rows_);
    for (std::size_t row = 0; row < rows_; ++row) {
        if (needle.in(texts[row])) {
            found.add(row);
        }
    }
    return found;
}

StatusOr<std::unique_ptr<ColumnReader>> read_column(const ColumnSpace& space,
                                                    std::size_t rows,
                                                    const RowTimes& times,
                                                    int depth) {
    if (depth > kColumnDepthMax || rows > *space.cells_left) {
        return malformed("a tree of columns");
    }
    *space.cells_left -= rows;
    base::ByteReader& tree = *space.tree;
    const std::uint8_t kind = tree.u8();
    if (kind == kConstant) {
        return std::make_unique<ConstantColumn>(rows, tree.string());
    }
    ColumnStart start{space, rows, {}, times, depth};
    start.stamp.classes = tree.u16();
    start.stamp.min_size = static_cast<std::uint32_t>(tree.varint());
    start.stamp.max_size = start.stamp.min_size + static_cast<std::uint32_t>(tree.varint());
    switch (kind) {
        case kDictionary:
            return read_dictionary(start);
        case kInteger:
            return read_integers(start);
        case kHex:
            return read_hex(start);
        case kTime:
            return read_times(start);
        case kTemplates:
            return read_templates(start);
        case kShared: {
            const std::uint64_t list = tree.varint();
            if (list >= space.shared->size()) {
                return malformed("the number of a list");
            }
            const Payload numbers = space.payloads->take(tree);
            return std::make_unique<SharedColumn>(start, numbers, (*space.shared)[list]);
        }
        case kString: {
            const Payload sizes = space.payloads->take(tree);
            return std::make_unique<StringColumn>(start, sizes, space.payloads->take(tree));
        }
        default:
            return malformed("a column's kind");
    }
}

}  // namespace logi::block
