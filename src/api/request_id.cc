#include "api/request_id.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include <algorithm>

namespace logi::api {
namespace {

constexpr std::size_t kBytesMax = 128;
constexpr std::string_view kOthers = "-_.:/+=@";

bool is_sane(std::string_view id) {
    return !id.empty() && id.size() <= kBytesMax && std::all_of(id.begin(), id.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
               kOthers.find(c) != std::string_view::npos;
    });
}

}  // namespace

std::string request_id(std::string_view from_client, io::Random& random) {
    if (is_sane(from_client)) {
        return std::string(from_client);
    }
    return absl::StrCat(absl::Hex(random.next_u64(), absl::kZeroPad16),
                        absl::Hex(random.next_u64(), absl::kZeroPad16));
}

}  // namespace logi::api
