#include "block/kept.h"

#include "codec/compress.h"

namespace logi::block {

StatusOr<std::shared_ptr<const Kept>> kept_by(const BlockSource& source,
                                              Column column,
                                              const MakeKept& make) {
    if (const auto* keeping = dynamic_cast<const KeepingSource*>(&source); keeping != nullptr) {
        return keeping->kept(column, make);
    }
    LOGI_ASSIGN_OR_RETURN(const std::string stored, source.column(column));
    LOGI_ASSIGN_OR_RETURN(base::Buffer raw,
                          stored.empty() ? base::Buffer() : codec::decompress(stored));
    return make(std::move(raw));
}

}  // namespace logi::block
