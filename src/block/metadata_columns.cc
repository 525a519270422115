#include "block/metadata_columns.h"

#include "absl/container/flat_hash_map.h"
#include "base/bytes.h"
#include "codec/compress.h"
#include "codec/integers.h"

namespace logi::block {
namespace {

// Which names a row has, in their order: twice the number of each, and one more where the value is
// empty, as columns do not have empty values.
using Shape = std::vector<std::uint32_t>;

}  // namespace

// What a block's rows have, taken apart by names.
class MetadataEncoder::Pairs {
  public:
    void add(const Row& row) {
        shape_.clear();
        for (const MetadataView& pair : absl::MakeSpan(row.metadata, row.metadata_count)) {
            const auto [it, is_new] = numbers_.try_emplace(pair.name, names_.size());
            if (is_new) {
                names_.push_back({pair.name, {}, {}});
            }
            shape_.push_back(2 * it->second + (pair.value.empty() ? 1U : 0U));
            if (!pair.value.empty()) {
                names_[it->second].values.push_back(pair.value);
                names_[it->second].times.push_back(row.time);
            }
            bytes_ += pair.name.size() + pair.value.size();
        }
        if (shapes_.empty() || shape_ != shapes_[last_]) {
            const auto [it, is_new] = shape_numbers_.try_emplace(shape_, shapes_.size());
            if (is_new) {
                shapes_.push_back(shape_);
            }
            last_ = it->second;
        }
        rows_.push_back(last_);
    }

    // Of names and values, each time that they stand there.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    [[nodiscard]] const std::vector<Name>& names() const { return names_; }
    [[nodiscard]] const std::vector<Shape>& shapes() const { return shapes_; }
    // The number of each row's shape.
    [[nodiscard]] const std::vector<std::uint64_t>& rows() const { return rows_; }

  private:
    absl::flat_hash_map<std::string_view, std::uint32_t> numbers_;
    std::vector<Name> names_;
    absl::flat_hash_map<Shape, std::uint32_t> shape_numbers_;
    std::vector<Shape> shapes_;
    std::vector<std::uint64_t> rows_;
    Shape shape_;
    std::uint32_t last_ = 0;
    std::uint64_t bytes_ = 0;
};

void MetadataEncoder::gather(const std::vector<Name>& names) {
    std::size_t values = 0;
    std::size_t bytes = 0;
    for (const Name& name : names) {
        values += name.values.size();
        for (const std::string_view value : name.values) {
            bytes += value.size();
        }
    }
    text_.begin(values, bytes);
    slots_.clear();
    for (const Name& name : names) {
        for (const std::string_view value : name.values) {
            slots_.push_back(text_.add(value));
        }
    }
    text_.finish_run();
}

std::optional<EncodedColumns> MetadataEncoder::encode(absl::Span<const Row> rows) {
    if (std::all_of(rows.begin(), rows.end(), [](const Row& r) { return r.metadata_count == 0; })) {
        return std::nullopt;
    }
    Pairs pairs;
    for (const Row& row : rows) {
        pairs.add(row);
    }
    gather(pairs.names());
    PartWriter parts;
    parts.begin_pool();
    std::string meta;
    base::ByteWriter w(meta);
    w.varint(pairs.bytes());
    w.varint(pairs.names().size());
    for (const Name& name : pairs.names()) {
        w.string(name.text);
    }
    w.varint(pairs.shapes().size());
    for (const Shape& shape : pairs.shapes()) {
        w.varint(shape.size());
        for (const std::uint32_t name : shape) {
            w.varint(name);
        }
    }
    writer_.begin(parts);
    if (pairs.shapes().size() > 1) {
        writer_.add_integers(pairs.rows(), meta);
    }
    absl::Span<const Slot> slots = slots_;
    for (const Name& name : pairs.names()) {
        if (!name.values.empty()) {
            writer_.write({text_.masked().text, slots.first(name.values.size()), name.times}, meta);
            slots.remove_prefix(name.values.size());
        }
    }
    return parts.finish(meta);
}

StatusOr<std::shared_ptr<const MetadataHead>> MetadataHead::open(base::Buffer tree) {
    const auto head = std::make_shared<MetadataHead>();
    head->tree = std::move(tree);
    if (head->tree.size() == 0) {
        return head;
    }
    base::ByteReader r(head->tree.view());
    LOGI_RETURN_IF_ERROR(PartReader().open(r, nullptr));
    r.varint();  // bytes
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        head->names.push_back(r.string());
    }
    return r.ok() ? StatusOr<std::shared_ptr<const MetadataHead>>(head)
                  : malformed("names of metadata");
}

// The columns of a block, as long as a table looks into them.
class MetadataTable::Columns {
  public:
    Columns(std::string_view tree, std::uint32_t rows)
        : tree_(base::Buffer::copy_of(tree)), rows_(rows) {}

    Status open(PartReader::Fetch fetch, const RowTimes& times);
    Status make_pairs(std::vector<MetadataView>& pairs, std::vector<std::uint32_t>& begins);

  private:
    struct Name {
        std::string_view text;
        std::uint64_t count = 0;
        std::unique_ptr<ColumnReader> column;  // null: all its values are empty
        std::vector<Timestamp> times;          // of the entries that have it
    };
    Status read_shapes(base::ByteReader& r, PayloadCursor& payloads);
    Status count_values();
    StatusOr<absl::Span<const Timestamp>> times_of(std::uint32_t name, const RowTimes& times);

    const base::Buffer tree_;
    const std::uint32_t rows_;
    PartReader parts_;
    std::vector<SharedList> shared_;
    std::uint64_t bytes_ = 0;
    std::uint64_t cells_left_ = 0;
    std::vector<Name> names_;
    std::vector<Shape> shapes_;
    std::vector<std::uint64_t> row_shapes_;
    std::uint64_t pairs_ = 0;
};

Status MetadataTable::Columns::open(PartReader::Fetch fetch, const RowTimes& times) {
    base::ByteReader r(tree_.view());
    LOGI_RETURN_IF_ERROR(parts_.open(r, std::move(fetch)));
    PayloadCursor payloads(0);
    LOGI_RETURN_IF_ERROR(read_shapes(r, payloads));
    LOGI_RETURN_IF_ERROR(count_values());
    const ColumnSpace space{&r, &payloads, &parts_, &shared_, &cells_left_};
    for (std::uint32_t i = 0; i < names_.size(); ++i) {
        if (names_[i].count > 0) {
            const RowTimes of_name = [this, i, times] {
                return times_of(i, times);
            };
            LOGI_ASSIGN_OR_RETURN(names_[i].column,
                                  read_column(space, names_[i].count, of_name, 1));
        }
    }
    return r.done() ? absl::OkStatus() : malformed("a tree of metadata");
}

Status MetadataTable::Columns::read_shapes(base::ByteReader& r, PayloadCursor& payloads) {
    bytes_ = r.varint();
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        names_.push_back({r.string(), 0, nullptr, {}});
    }
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        Shape& shape = shapes_.emplace_back();
        for (std::uint64_t k = r.varint(); k > 0 && r.ok(); --k) {
            const std::uint64_t name = r.varint();
            if (name / 2 >= names_.size()) {
                return malformed("the number of a name");
            }
            shape.push_back(static_cast<std::uint32_t>(name));
        }
    }
    if (!r.ok() || shapes_.empty() || bytes_ > codec::kRawBytesMax) {
        return malformed("names of metadata");
    }
    cells_left_ = cells_for(bytes_);
    row_shapes_.assign(rows_, 0);
    if (shapes_.size() > 1) {
        LOGI_ASSIGN_OR_RETURN(const auto numbers, parts_.payload(payloads.take(r)));
        LOGI_RETURN_IF_ERROR(codec::decode_integers(numbers, rows_, row_shapes_));
    }
    return absl::OkStatus();
}

Status MetadataTable::Columns::count_values() {
    std::vector<std::uint64_t> uses(shapes_.size());
    for (const std::uint64_t shape : row_shapes_) {
        if (shape >= uses.size()) {
            return malformed("the number of a set of names");
        }
        ++uses[shape];
    }
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
        if (uses[i] > 0 && shapes_[i].size() > (cells_left_ - pairs_) / uses[i]) {
            return malformed("the number of pairs");
        }
        pairs_ += uses[i] * shapes_[i].size();
        for (const std::uint32_t name : shapes_[i]) {
            names_[name / 2].count += name % 2 == 0 ? uses[i] : 0;
        }
    }
    return absl::OkStatus();
}

StatusOr<absl::Span<const Timestamp>> MetadataTable::Columns::times_of(std::uint32_t name,
                                                                       const RowTimes& times) {
    std::vector<Timestamp>& own = names_[name].times;
    if (own.empty()) {
        LOGI_ASSIGN_OR_RETURN(const auto all, times());
        for (std::uint32_t row = 0; row < rows_; ++row) {
            const Shape& shape = shapes_[row_shapes_[row]];
            own.insert(own.end(),
                       static_cast<std::size_t>(std::count(shape.begin(), shape.end(), 2 * name)),
                       all[row]);
        }
    }
    return absl::MakeConstSpan(own);
}

Status MetadataTable::Columns::make_pairs(std::vector<MetadataView>& pairs,
                                          std::vector<std::uint32_t>& begins) {
    std::vector<const std::string_view*> next(names_.size());
    for (std::size_t i = 0; i < names_.size(); ++i) {
        if (names_[i].column) {
            LOGI_ASSIGN_OR_RETURN(const auto values, names_[i].column->values());
            next[i] = values.data();
        }
    }
    pairs.reserve(pairs_);
    begins.reserve(rows_ + 1);
    begins.push_back(0);
    std::uint64_t bytes = 0;
    for (std::uint32_t row = 0; row < rows_; ++row) {
        for (const std::uint32_t name : shapes_[row_shapes_[row]]) {
            const std::string_view value = name % 2 == 0 ? *next[name / 2]++ : std::string_view();
            pairs.push_back({names_[name / 2].text, value});
            bytes += pairs.back().name.size() + value.size();
        }
        begins.push_back(static_cast<std::uint32_t>(pairs.size()));
    }
    return bytes == bytes_ ? absl::OkStatus() : malformed("the size of metadata");
}

StatusOr<MetadataTable> MetadataTable::decode(std::string tree,
                                              PartReader::Fetch fetch,
                                              const RowTimes& times,
                                              std::uint32_t rows) {
    const auto columns = std::make_shared<Columns>(tree, rows);
    LOGI_RETURN_IF_ERROR(columns->open(std::move(fetch), times));
    MetadataTable table;
    LOGI_RETURN_IF_ERROR(columns->make_pairs(table.pairs_, table.begins_));
    table.bytes_ = columns;
    return table;
}

StatusOr<MetadataTable> MetadataTable::decode_pairs(base::Buffer raw, std::uint32_t rows) {
    const auto bytes = std::make_shared<const base::Buffer>(std::move(raw));
    MetadataTable table;
    base::ByteReader r(bytes->view());
    std::vector<std::string_view> names;
    for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
        names.push_back(r.string());
    }
    table.begins_.push_back(0);
    for (std::uint32_t row = 0; row < rows && r.ok(); ++row) {
        for (std::uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
            const std::uint64_t name = r.varint();
            if (name >= names.size()) {
                return malformed("the number of a name");
            }
            table.pairs_.push_back({names[name], r.string()});
        }
        table.begins_.push_back(static_cast<std::uint32_t>(table.pairs_.size()));
    }
    if (!r.ok() || !r.done()) {
        return malformed("metadata");
    }
    table.bytes_ = bytes;
    return table;
}

}  // namespace logi::block
