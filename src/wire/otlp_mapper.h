// Makes streams of what the two readers of OTLP find: resource, scope, record, in this order.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "wire/copies.h"
#include "wire/decode_budget.h"
#include "wire/otlp.h"
#include "wire/otlp_value.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::wire {

// Of a record, what is no attribute.
struct OtlpRecord {
    std::uint64_t time_ns = 0;
    std::uint64_t observed_ns = 0;
    std::int32_t severity_number = 0;
    std::string_view severity_text;
    std::uint32_t dropped_attributes = 0;
    std::uint32_t flags = 0;
    std::string_view trace_id;  // bytes
    std::string_view span_id;
};

// Methods that can fail return false; then error() says why, and there is nothing more to do.
class OtlpMapper {
  public:
    // Whether texts stay where they are for as long as the request lives.
    enum class Texts { kStay, kAreCopied };

    OtlpMapper(PushRequest& request, DecodeBudget budget, const OtlpOptions& options, Texts texts);

    void begin_resource();
    bool resource_attribute(std::string_view name, const OtlpValue& value);
    bool end_resource();

    void begin_scope();
    bool scope_attribute(std::string_view name, const OtlpValue& value);
    bool end_scope(std::string_view name, std::string_view version, std::uint32_t dropped);

    bool begin_record();
    bool record_attribute(std::string_view name, const OtlpValue& value);
    bool body(const OtlpValue& value);
    bool end_record(const OtlpRecord& record);

    // For values inside of values, and whatever else a reader keeps.
    bool take(std::uint64_t bytes);
    bool fail(int status, std::string message);
    // Of the first failure; of malformed input where no other is known.
    [[nodiscard]] PushError error() const;

  private:
    struct Name {
        std::string_view normal;
        OtlpAction action = OtlpAction::kStructuredMetadata;
    };
    // By the name that the client sent.
    using Names = absl::flat_hash_map<std::string_view, Name>;
    using ActionOf = OtlpAction (OtlpRules::*)(std::string_view name) const;

    // Null after a failure.
    const Name* name_of(Names& known, ActionOf action_of, std::string_view name);
    std::optional<std::string> normalised(std::string_view name);
    std::string_view kept(std::string_view text);
    // Calls on_pair with name and text of a value, or of each value in a map.
    template <typename F>
    bool flatten(std::string_view name, const OtlpValue& value, F on_pair);
    template <typename F>
    bool flatten_map(std::string_view prefix, const OtlpValue& value, F on_pair);
    bool add_metadata(std::vector<MetadataView>& metadata,
                      std::string_view name,
                      std::string_view value);
    bool add_number(std::vector<MetadataView>& metadata,
                    std::string_view name,
                    std::uint64_t number);
    bool add_hex(std::string_view name, std::string_view bytes);
    bool add_resource_label(std::string_view name, std::string_view value);
    bool add_label(std::vector<LabelPair>& labels, std::string_view name, std::string_view value);
    // The stream of the labels of the resource and of the record.
    std::optional<std::size_t> stream_of_record();
    std::optional<std::size_t> add_stream(std::vector<LabelPair> labels);

    PushRequest& request_;
    Copies copies_;
    DecodeBudget budget_;
    const OtlpOptions& options_;
    const Texts texts_;
    std::optional<PushError> error_;
    std::string scratch_;
    Names resource_names_;
    Names scope_names_;
    Names record_names_;

    bool names_service_ = false;                // by its attribute
    std::optional<std::string> found_service_;  // by another
    std::vector<LabelPair> resource_labels_;
    std::optional<std::size_t> resource_stream_;
    std::vector<MetadataView> resource_metadata_;
    std::vector<MetadataView> scope_metadata_;
    std::uint64_t resource_bytes_ = 0;
    std::uint64_t shared_bytes_ = 0;                         // of both
    absl::flat_hash_map<std::string, std::size_t> streams_;  // of the resource, by record labels

    EntryView entry_;
    std::vector<LabelPair> record_labels_;
};

}  // namespace logi::wire
