// The counted node behind a value that is an object.
#pragma once

#include "clixml/value.h"

namespace winrm::clixml {

namespace detail {

struct object_node : node
{
    explicit object_node(clixml::object&& o) : content(std::move(o)) {}
    clixml::object content;
    std::uint64_t size = 1; ///< value::size()
};

inline object_node* cell::object_of() const noexcept { return static_cast<object_node*>(base_node()); }

} // namespace detail

/// What reader, writer and JSON may do with a value's cell, and others not.
struct access
{
    [[nodiscard]] static const detail::cell& cell(const value& v) noexcept { return v.cell_; }
    [[nodiscard]] static value make(detail::cell c) noexcept { return value(std::move(c)); }
};

} // namespace winrm::clixml
