// The labels of one entry on its way through a pipeline: those of its stream, its structured
// metadata, and what stages have added, changed or removed.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "model/entry.h"
#include "model/labels.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::exec {

inline constexpr std::string_view kErrorLabel = "__error__";
inline constexpr std::string_view kErrorDetailsLabel = "__error_details__";
inline constexpr std::string_view kPreserveErrorLabel = "__preserve_error__";
// What a name that the stream has gets behind it.
inline constexpr std::string_view kExtracted = "_extracted";

enum class LabelCategory : std::uint8_t { kStream, kMetadata, kParsed };

// Bytes of one entry; cleared without giving memory back.
class EntryArena {
  public:
    std::string_view copy(std::string_view s);
    void clear() {
        chunk_ = 0;
        used_ = 0;
    }

  private:
    static constexpr std::size_t kChunkBytes = 16U << 10U;
    struct Chunk {
        std::unique_ptr<char[]> bytes;
        std::size_t capacity = 0;
    };
    std::vector<Chunk> chunks_;
    std::size_t chunk_ = 0;
    std::size_t used_ = 0;
};

// One thread at a time; meant to be used again for entry after entry.
class EntryLabels {
  public:
    // Begins an entry. Metadata whose name the stream has gets "_extracted". Both must stay valid
    // until the next begin().
    void begin(const Labels& stream, absl::Span<const MetadataView> metadata);

    // The current value; nothing if absent. Reads the error state as __error__ and
    // __error_details__.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;

    // Sets a parsed label as stages other than parsers do; it hides one of the same name in another
    // category. Copies.
    void set(std::string_view name, std::string_view value);
    void erase(std::string_view name);

    // The name that a parser's field gets: with "_extracted" where the stream had the same, or the
    // metadata still has it. Valid until the next call.
    std::string_view field_name(std::string_view name);
    // A parser's field under its field_name(): the first one stays.
    void extract(std::string_view name, std::string_view value);
    // The same, but the last one stays.
    void extract_over(std::string_view name, std::string_view value);
    [[nodiscard]] bool extracted(std::string_view name) const;

    void set_error(std::string_view kind, std::string_view details);
    void clear_error() { error_ = {}; }
    void clear_error_details() { error_details_ = {}; }
    [[nodiscard]] bool has_error() const { return !error_.empty(); }
    [[nodiscard]] std::string_view error() const { return error_; }
    [[nodiscard]] std::string_view error_details() const { return error_details_; }

    [[nodiscard]] const Labels& stream() const { return *stream_; }
    // Whether nothing but the stream's labels is there.
    [[nodiscard]] bool only_stream() const { return changes_.empty() && error_.empty(); }
    // Whether a label of the stream was changed or removed.
    [[nodiscard]] bool stream_changed() const { return stream_changed_; }

    // All labels with the error state, sorted by name. Replaces `out`; valid until a change.
    void sorted(std::vector<MetadataView>& out) const;
    // The labels of one category, sorted by name; the error state counts as parsed.
    void sorted(LabelCategory category, std::vector<MetadataView>& out) const;

  private:
    struct Change {
        std::string_view name;
        std::string_view value;
        LabelCategory category = LabelCategory::kParsed;
        bool removed = false;
        bool extracted = false;  // by a parser
    };
    // With more changes than these, they are found by hash.
    static constexpr std::size_t kFew = 32;

    [[nodiscard]] const Change* find(std::string_view name) const;
    Change* find(std::string_view name);
    Change& add(const Change& change);
    Change& put(std::string_view name, std::string_view value);
    void add_metadata(const MetadataView& pair);
    [[nodiscard]] bool metadata_has(std::string_view name) const;

    const Labels* stream_ = nullptr;
    std::vector<Change> changes_;                               // names unique
    absl::flat_hash_map<std::string_view, std::size_t> index_;  // of changes_, if they are many
    bool stream_changed_ = false;
    std::string_view error_;
    std::string_view error_details_;
    std::string field_name_;
    EntryArena arena_;
};

}  // namespace logi::exec
