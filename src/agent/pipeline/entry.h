// An entry on its way from a source through the stages to the clients.
#pragma once

#include "base/time.h"
#include "model/labels.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::agent {

// Labels whose names begin so are for the agent itself and are not sent.
inline constexpr std::string_view kReservedPrefix = "__";
inline constexpr std::string_view kTenantLabel = "__tenant_id__";
inline constexpr std::string_view kFilenameLabel = "filename";

// Those of the source until a stage changes them; the source's must outlive them.
class EntryLabels {
  public:
    void reset(const Labels& base) {
        base_ = &base;
        changed_ = false;
    }
    [[nodiscard]] bool changed() const { return changed_; }
    // Sorted by name, names unique.
    [[nodiscard]] const std::vector<LabelPair>& pairs() const {
        return changed_ ? own_ : base_->pairs();
    }
    // Null if there is none.
    [[nodiscard]] const std::string* find(std::string_view name) const;
    void set(std::string_view name, std::string_view value);
    void remove(std::string_view name);
    // Those for which keep(name) is false go.
    template <typename Keep>
    void retain(Keep keep) {
        own();
        std::erase_if(own_, [&](const LabelPair& pair) { return !keep(pair.name); });
    }
    [[nodiscard]] std::string text() const { return label_text(pairs()); }

  private:
    void own();
    const Labels* base_ = nullptr;
    std::vector<LabelPair> own_;
    bool changed_ = false;
};

// What stages have found in the entry so far, by name: at first the source's labels.
class Extracted {
  public:
    void reset(const Labels& base) {
        base_ = &base;
        used_ = 0;
    }
    // Nothing if there is none, or if it is JSON's null.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
    // Also a null.
    [[nodiscard]] bool has(std::string_view name) const;
    void set(std::string_view name, std::string_view value) { slot(name).set(State::kText, value); }
    void set_null(std::string_view name) { slot(name).set(State::kNull, {}); }
    void remove(std::string_view name) { slot(name).set(State::kGone, {}); }
    // What find() knows, names unique, in any order.
    void list(std::vector<std::pair<std::string_view, std::string_view>>& out) const;

  private:
    enum class State : unsigned char { kText, kNull, kGone };
    struct Slot {
        std::string name;
        std::string value;
        State state = State::kText;
        void set(State s, std::string_view v) {
            state = s;
            value.assign(v);
        }
    };
    [[nodiscard]] const Slot* find_slot(std::string_view name) const;
    Slot& slot(std::string_view name);
    const Labels* base_ = nullptr;
    std::vector<Slot> slots_;  // the first used_ count; the rest keep their memory
    std::size_t used_ = 0;
};

// Used again for entry after entry.
struct Entry {
    EntryLabels labels;
    Extracted extracted;
    Timestamp time;
    std::vector<LabelPair> metadata;
    std::string_view line;  // of the source's buffer, or own_line

    // Where the entry lies in its source, as bytes or lines: what is read next begins at `to`.
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    // When it was read: the same again when it has to be read again.
    Timestamp read_time;
    // The time was guessed from entries before it; `recorded_time` is what it was then.
    bool guessed_time = false;
    std::optional<Timestamp> recorded_time;
    // How long its source must rest after it.
    Duration rest;
    // Keeps the base of the labels, if nobody else does.
    std::shared_ptr<const Labels> labels_owner;

    // `base` must outlive the entry, `text` until it is reset or kept.
    void reset(const Labels& base, std::string_view text, Timestamp read_at) {
        labels.reset(base);
        extracted.reset(base);
        time = read_time = read_at;
        metadata.clear();
        line = text;
        guessed_time = false;
        recorded_time.reset();
        rest = {};
        labels_owner.reset();
    }
    void set_line(std::string text) {
        own_line_ = std::move(text);
        line = own_line_;
    }
    // Takes a copy of the line, which may then go.
    void keep() {
        if (line.data() != own_line_.data()) {
            own_line_.assign(line);
            line = own_line_;
        }
    }

    Entry() = default;
    ~Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    // Both are kept.
    friend void swap(Entry& a, Entry& b);
    // The same entry again, line included.
    void copy_of(const Entry& other);

  private:
    Entry(Entry&&) = default;
    Entry& operator=(Entry&&) = default;
    std::string own_line_;
};

}  // namespace logi::agent
