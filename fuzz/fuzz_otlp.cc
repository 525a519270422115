// Any bytes are safe as OTLP, in either format and every compression; what is decoded lies inside
// the limits, and names are such as are stored.
#include "decoded_bytes.h"
#include "model/metadata_name.h"
#include "wire/otlp.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void require(bool ok) {
    if (!ok) {
        std::abort();
    }
}

void check(const std::variant<logi::wire::PushRequest, logi::wire::PushError>& decoded,
           const logi::wire::DecodeLimits& limits) {
    const auto* request = std::get_if<logi::wire::PushRequest>(&decoded);
    if (request == nullptr) {
        return;
    }
    for (const auto& stream : request->streams) {
        const auto& labels = std::get<std::vector<logi::LabelPair>>(stream.labels);
        for (const auto& label : labels) {
            require(logi::is_label_name(label.name));
        }
        require(!stream.entries.empty());
        for (const auto& entry : stream.entries) {
            for (const auto& pair : entry.metadata) {
                require(!pair.value.empty());
                require(*logi::normalise_metadata_name(pair.name) == pair.name);
            }
        }
    }
    require(decoded_bytes(*request) <= limits.decoded_bytes_max);
}

const logi::wire::OtlpRules& rules() {
    static const logi::wire::OtlpRules kRules = [] {
        logi::OtlpConfig config;
        config.log_attributes = {{logi::OtlpAction::kIndexLabel, {"a", "b"}, ""},
                                 {logi::OtlpAction::kDrop, {}, "drop.*"}};
        config.severity_text_as_label = true;
        return *logi::wire::OtlpRules::of(config);
    }();
    return kRules;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const logi::wire::DecodeLimits limits = small_limits();
    const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const char* types[] = {"application/json", "application/x-protobuf"};
    const char* encodings[] = {"", "gzip", "zstd", "lz4"};
    static const std::vector<std::string> kServiceNames = {"container_name", "app"};
    const logi::wire::OtlpOptions options{rules(), kServiceNames, logi::Timestamp{1}};
    check(logi::wire::decode_otlp(
              body, types[data[0] % 2], encodings[data[0] / 2 % 4], limits, options),
          limits);
    check(logi::wire::decode_otlp_json(body, limits, options), limits);
    check(logi::wire::decode_otlp_protobuf(logi::base::Buffer::copy_of(body), limits, options),
          limits);
    return 0;
}
