#include "agent/sent_labels.h"

#include "agent/pipeline/entry.h"

namespace logi::agent {

std::vector<LabelPair> sent_labels(std::vector<LabelPair> labels) {
    std::erase_if(labels, [](const LabelPair& label) {
        return label.value.empty() ||
               (label.name.starts_with(kReservedPrefix) && label.name != kTenantLabel);
    });
    return labels;
}

}  // namespace logi::agent
