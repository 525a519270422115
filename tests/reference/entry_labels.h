// The labels of one entry on its way through a pipeline.
#pragma once

#include "reference.h"

#include <optional>
#include <utility>

namespace logi::reference {

inline constexpr char kError[] = "__error__";
inline constexpr char kErrorDetails[] = "__error_details__";
inline constexpr char kPreserveError[] = "__preserve_error__";

enum class Category { kStream, kMetadata, kParsed };

// Each name is in one category: who sets it last decides which.
class EntryLabels {
  public:
    // Metadata with a name of the stream gets "_extracted"; __error__ is the state of the error.
    EntryLabels(const LabelMap& stream, const LabelMap& metadata);

    // Nothing if absent, and for the state of the error.
    [[nodiscard]] std::optional<std::string> get(const std::string& name) const;
    // The same, but with the state of the error.
    [[nodiscard]] std::optional<std::string> get_with_error(const std::string& name) const;

    void set_parsed(const std::string& name, const std::string& value);
    void remove(const std::string& name);

    // What a field is called: with "_extracted" if the stream had such a label, or the metadata
    // has.
    [[nodiscard]] std::string field_name(const std::string& name) const;
    // By this or an earlier parser.
    [[nodiscard]] bool extracted(const std::string& name) const {
        return extracted_.count(name) > 0;
    }
    // A field of a parser. The name is that of field_name().
    void set_extracted(const std::string& name, const std::string& value);

    void set_error(const std::string& kind, const std::string& details);
    [[nodiscard]] bool has_error() const { return !error_.empty(); }
    [[nodiscard]] const std::string& error() const { return error_; }

    // With the state of the error, which counts as parsed.
    [[nodiscard]] LabelMap all() const;
    [[nodiscard]] LabelMap of(Category category) const;

  private:
    LabelMap stream_;  // as it was
    std::map<std::string, std::pair<Category, std::string>> labels_;
    std::set<std::string> extracted_;
    std::string error_;
    std::string error_details_;
};

}  // namespace logi::reference
