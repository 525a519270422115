// Compressed bytes in, plain bytes out, piece by piece.
#pragma once

#include "base/status.h"

#include <memory>
#include <string>
#include <string_view>

namespace logi::agent {

// One task at a time.
class Decompressor {
  public:
    // gz (also several members one after another), z (zlib), bz2 or zst.
    static StatusOr<std::unique_ptr<Decompressor>> make(const std::string& format);
    virtual ~Decompressor() = default;
    // Appends to `out` what the next bytes give. kDataLoss if they are damaged.
    virtual Status take(std::string_view compressed, std::string& out) = 0;
    // Whether what was taken so far ends where compressed bytes may end.
    [[nodiscard]] virtual bool whole() const = 0;
};

}  // namespace logi::agent
