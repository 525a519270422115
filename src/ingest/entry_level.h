// Gives entries their level as metadata "detected_level".
#pragma once

#include "fields/level.h"
#include "model/entry.h"
#include "model/labels.h"
#include "model/limits.h"

#include <string_view>

namespace logi::ingest {

class EntryLevels {
  public:
    // `limits` must outlive this.
    explicit EntryLevels(const Limits& limits);

    // The level that the labels give to every entry of the stream, or empty; may be a view into
    // `labels`.
    [[nodiscard]] std::string_view of_stream(const Labels& labels) const;

    // Adds the level to the entry, whose metadata is sorted by name; one that is there already is
    // only normalised. What is added are views of `stream_level`, of the entry's own metadata or of
    // constants.
    void add_to(EntryView& entry, std::string_view stream_level);

  private:
    bool enabled_;
    fields::LevelDetector detector_;
    fields::Scratch scratch_;
};

}  // namespace logi::ingest
