// Sources of several tenants read as one.
#pragma once

#include "segment/source.h"

#include <memory>
#include <string>

namespace logi::query {

inline constexpr const char* kTenantLabel = "__tenant_id__";

// The source with its tenant as a label of all streams, by which they can be selected; a label of
// that name is called original___tenant_id__. With `shown` off streams are selected in the same
// way, but do not show the label. Streams of two tenants are two, also when they have equal labels.
std::shared_ptr<const segment::Source> of_tenant(std::shared_ptr<const segment::Source> source,
                                                 const std::string& tenant,
                                                 bool shown);

}  // namespace logi::query
