#include "exec/selections.h"

#include "exec/run_items.h"

namespace logi::exec {

StatusOr<Selections> select(const Sources& sources,
                            const std::vector<Matcher>& matchers,
                            Timestamp first,
                            Timestamp last) {
    Selections selections;
    Damage damage;
    for (const auto& source : sources) {
        auto selected = source->select(matchers, first, last);
        if (!selected.ok()) {
            LOGI_RETURN_IF_ERROR(damage.note(selected.status()));
        } else if (!selected->extents().empty()) {
            selections.of.push_back(
                std::make_shared<const segment::Selection>(*std::move(selected)));
        }
    }
    selections.missing = damage.list();
    return selections;
}

}  // namespace logi::exec
