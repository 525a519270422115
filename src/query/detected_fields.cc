#include "query/detected_fields.h"

#include "exec/entry_labels.h"
#include "fields/conversions.h"
#include "fields/json_parser.h"
#include "fields/logfmt_parser.h"
#include "query/log_query.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace logi::query {
namespace {

constexpr const char* kJson = "json";
constexpr const char* kLogfmt = "logfmt";
constexpr std::int64_t kNodeBytes = 64;  // of a tree, for one element

enum class Origin { kMetadata, kQuery, kLine };

// One appearance of a field.
struct Sighting {
    std::string_view name;
    std::string_view value;
    Origin origin = Origin::kMetadata;
    const char* parser = nullptr;  // of the line; null for metadata
    absl::Span<const std::string_view> path;
};

// False: no more are needed.
using Visit = std::function<bool(const Sighting&)>;

bool is_error_label(std::string_view name) {
    return name == exec::kErrorLabel || name == exec::kErrorDetailsLabel ||
           name == exec::kPreserveErrorLabel;
}

// Sees whether a line is JSON at all, and keeps nothing.
class NullSink final : public fields::FieldSink {
  public:
    bool add(std::string_view, std::string_view) override { return true; }
    bool set(std::string_view, std::string_view) override { return true; }
    void set_missing(std::string_view, bool) override {}
    [[nodiscard]] bool wants(std::string_view) const override { return false; }
};

// The fields of a line under the names that a parser of a query would give them.
class LineSink final : public fields::FieldSink {
  public:
    LineSink(const Labels& stream, const char* parser, const Visit& visit)
        : stream_(stream), parser_(parser), visit_(visit) {}

    bool add(std::string_view name, std::string_view value) override {
        return add_at({}, name, value);
    }
    bool add_at(absl::Span<const std::string_view> path,
                std::string_view name,
                std::string_view value) override {
        if (stream_.find(name) != nullptr) {
            name_.assign(name).append("_extracted");
            name = name_;
        }
        return is_error_label(name) || visit_({name, value, Origin::kLine, parser_, path});
    }
    bool set(std::string_view, std::string_view) override { return true; }
    void set_missing(std::string_view, bool) override {}

  private:
    const Labels& stream_;
    const char* const parser_;
    const Visit& visit_;
    std::string name_;
};

class RowWalk {
  public:
    explicit RowWalk(Visit visit) : visit_(std::move(visit)) {}

    // Of fields that a line has more than once, the first counts; that is the visitor's business.
    void walk(const LogRow& row) {
        for (const auto& pair : row.metadata) {
            if (!visit_({pair.name, pair.value, Origin::kMetadata, nullptr, {}})) {
                return;
            }
        }
        NullSink null;
        const bool json = fields::JsonParser().parse(row.line, null, scratch_).ok();
        const char* const parser = json ? kJson : kLogfmt;
        for (const auto& pair : row.parsed) {
            if (!is_error_label(pair.name) &&
                !visit_({pair.name, pair.value, Origin::kQuery, parser, {}})) {
                return;
            }
        }
        LineSink sink(*row.stream, parser, visit_);
        if (json) {
            fields::JsonParser().parse(row.line, sink, scratch_);
        } else {
            fields::LogfmtParser({}).parse(row.line, sink, scratch_);
        }
    }

  private:
    const Visit visit_;
    fields::Scratch scratch_;
};

// Rows stream by stream, as an answer with streams has them: what was seen first or last depends on
// their order.
std::vector<const LogRow*> by_stream(const std::vector<LogRow>& rows) {
    std::vector<const LogRow*> sorted;
    sorted.reserve(rows.size());
    for (const auto& row : rows) {
        sorted.push_back(&row);
    }
    std::stable_sort(sorted.begin(), sorted.end(), [](const LogRow* a, const LogRow* b) {
        return *a->stream < *b->stream;
    });
    return sorted;
}

// Has every row walked until `stop` says that it is enough.
Status walk_rows(const std::vector<LogRow>& rows,
                 const Bounds& bounds,
                 RowWalk& walk,
                 const std::function<StatusOr<bool>()>& stop) {
    for (const auto& row : rows) {
        LOGI_RETURN_IF_ERROR(bounds.memory.charge(memory_bytes(row)));
    }
    for (const LogRow* row : by_stream(rows)) {
        LOGI_RETURN_IF_ERROR(bounds.cancel.check());
        walk.walk(*row);
        LOGI_ASSIGN_OR_RETURN(const bool enough, stop());
        if (enough) {
            break;
        }
    }
    return absl::OkStatus();
}

// A sorted set of texts within a budget.
class TextSet {
  public:
    Status insert(std::string_view text, exec::MemoryBudget& budget) {
        if (!texts_.contains(text)) {
            LOGI_RETURN_IF_ERROR(
                budget.charge(kNodeBytes + static_cast<std::int64_t>(text.size())));
            texts_.emplace(text);
        }
        return absl::OkStatus();
    }
    [[nodiscard]] std::size_t size() const { return texts_.size(); }
    [[nodiscard]] std::vector<std::string> list() const { return {texts_.begin(), texts_.end()}; }

  private:
    std::set<std::string, std::less<>> texts_;
};

class Detector {
  public:
    Detector(std::size_t fields_max, exec::MemoryBudget& budget)
        : fields_max_(fields_max), budget_(budget) {}

    void end_row() { ++row_; }

    Status see(const Sighting& seen) {
        LOGI_ASSIGN_OR_RETURN(Field* const field, field_of(seen.name));
        if (field == nullptr) {
            return absl::OkStatus();
        }
        if (seen.origin == Origin::kLine) {
            if (field->line_row == row_) {
                return absl::OkStatus();  // the line has it again
            }
            field->line_row = row_;
        }
        auto& parsers = field->detected.parsers;
        if (seen.parser != nullptr &&
            std::find(parsers.begin(), parsers.end(), seen.parser) == parsers.end()) {
            parsers.emplace_back(seen.parser);
        }
        // What the query extracted says the type, not what the same line says again.
        if (seen.origin == Origin::kMetadata || field->typed_row != row_) {
            field->detected.type = fields::field_type_of(seen.value);
        }
        if (seen.origin == Origin::kQuery) {
            field->typed_row = row_;
        }
        LOGI_RETURN_IF_ERROR(keep_path(seen.path, field->detected));
        return field->values.insert(seen.value, budget_);
    }

    std::vector<DetectedField> finish() {
        std::vector<DetectedField> list;
        for (auto& [name, field] : fields_) {
            field.detected.name = name;
            field.detected.values = field.values.size();
            list.push_back(std::move(field.detected));
        }
        return list;
    }

  private:
    struct Field {
        DetectedField detected;
        TextSet values;
        std::size_t line_row = 0;   // the last row whose line had it
        std::size_t typed_row = 0;  // the last row of which the query had extracted it
    };

    // Null if there are too many already.
    StatusOr<Field*> field_of(std::string_view name) {
        const auto found = fields_.find(name);
        if (found != fields_.end()) {
            return &found->second;
        }
        if (fields_.size() >= fields_max_) {
            return nullptr;
        }
        LOGI_RETURN_IF_ERROR(budget_.charge(
            static_cast<std::int64_t>(sizeof(Field) + 2 * name.size()) + kNodeBytes));
        return &fields_[std::string(name)];
    }

    Status keep_path(absl::Span<const std::string_view> path, DetectedField& field) {
        if (path.empty() || !field.json_path.empty()) {
            return absl::OkStatus();
        }
        std::int64_t bytes = 0;
        for (const std::string_view key : path) {
            bytes += kNodeBytes + static_cast<std::int64_t>(key.size());
        }
        LOGI_RETURN_IF_ERROR(budget_.charge(bytes));
        field.json_path.assign(path.begin(), path.end());
        return absl::OkStatus();
    }

    const std::size_t fields_max_;
    exec::MemoryBudget& budget_;
    std::map<std::string, Field, std::less<>> fields_;
    std::size_t row_ = 1;
};

std::string value_text(std::string_view value) {
    std::uint64_t bytes = 0;
    if (fields::field_type_of(value) != fields::FieldType::kBytes ||
        !fields::parse_humanize_bytes(value, bytes, nullptr)) {
        return std::string(value);
    }
    std::string text = fields::format_humanize_bytes(bytes);
    text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
    return text;
}

}  // namespace

StatusOr<std::vector<DetectedField>> detected_fields(const std::vector<LogRow>& rows,
                                                     std::size_t fields_max,
                                                     const Bounds& bounds) {
    Detector detector(fields_max, bounds.memory);
    Status status;
    RowWalk walk([&](const Sighting& seen) {
        status = detector.see(seen);
        return status.ok();
    });
    LOGI_RETURN_IF_ERROR(walk_rows(rows, bounds, walk, [&]() -> StatusOr<bool> {
        LOGI_RETURN_IF_ERROR(status);
        detector.end_row();
        return false;
    }));
    return detector.finish();
}

StatusOr<std::vector<std::string>> detected_field_values(const std::vector<LogRow>& rows,
                                                         std::string_view name,
                                                         std::size_t values_max,
                                                         const Bounds& bounds) {
    TextSet values;
    Status status;
    RowWalk walk([&](const Sighting& seen) {
        if (seen.name != name) {
            return true;
        }
        if (values.size() < values_max) {
            status = values.insert(value_text(seen.value), bounds.memory);
        }
        return status.ok() && seen.origin != Origin::kLine;  // of a line, the first counts
    });
    LOGI_RETURN_IF_ERROR(walk_rows(rows, bounds, walk, [&]() -> StatusOr<bool> {
        LOGI_RETURN_IF_ERROR(status);
        return values.size() >= values_max;
    }));
    return values.list();
}

}  // namespace logi::query
