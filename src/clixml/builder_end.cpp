// What is whole: from the end of an element to the value in its place.
#include "clixml/builder.h"

#include "clixml/escape.h"
#include "clixml/primitives.h"
#include "clixml/tags.h"

#include <iterator>
#include <utility>

namespace winrm::clixml {
namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

} // namespace

// The buffer that leaf_view_ looks into is about to change. A wrong reference is found again at the end.
void builder::keep_leaf_text()
{
    if (leaf_owned_ || leaf_view_.empty()) return;
    leaf_owned_ = true;
    leaf_text_.clear();
    if (!decode_markup(leaf_view_, false, false, leaf_text_)) leaf_bad_ = true;
}

base::bytes_view builder::leaf_words(bool escapes, bool& good)
{
    base::bytes_view words = leaf_view_;
    if (leaf_marks_.markup && !leaf_owned_) keep_leaf_text();
    if (leaf_owned_) words = leaf_text_;
    good = !leaf_bad_ || refuse(errc::protocol, "an XML character reference names no character");
    leaf_bad_ = false;
    if (escapes && words.find('_') != base::bytes_view::npos) {
        scratch_.clear();
        decode_escapes(words, scratch_);
        words = scratch_;
    }
    return words;
}

bool builder::finish_leaf()
{
    bool good = true;
    switch (leaf_use_) {
    case leaf_use::type_reference: return true;
    case leaf_use::ready: return deliver(std::move(leaf_ready_));
    case leaf_use::to_string:
        frames_.back().node->content.to_string = value(leaf_words(true, good));
        return good && charge(1);
    case leaf_use::type_name: names_.push_back(text(leaf_words(true, good))); return good && charge(1);
    default: break;
    }
    const bool is_value = leaf_use_ == leaf_use::value;
    const base::bytes_view words =
        leaf_kind_ == kind::null ? base::bytes_view{} : leaf_words(is_escaped(leaf_kind_), good);
    auto v = parse_primitive(leaf_kind_, words);
    if (!good) return false;
    if (!v) return refuse(errc::protocol, unreadable(leaf_kind_));
    if (is_value) return deliver(std::move(*v));
    properties_.push_back({text(progress_name_), std::move(*v)});
    return charge(1);
}

bool builder::on_end(base::bytes_view name)
{
    if (state_ != phase::elements) {
        const std::uint64_t tag = packed(name);
        if (tag != leaf_tag_ || (tag == 0 && long_names_.back() != name))
            return refuse(errc::protocol, "an XML end tag does not match its start tag");
        if (tag == 0) long_names_.pop_back();
        const bool raw = state_ == phase::raw;
        state_ = phase::elements;
        while (!bindings_.empty() && bindings_.back().depth >= frames_.size()) bindings_.pop_back();
        return raw ? deliver(value::of_text(leaf_kind_, leaf_text_)) : finish_leaf();
    }
    frame& f = frames_.back();
    const std::uint64_t tag = packed(name);
    if (tag != f.tag || f.where == place::bare || (tag == 0 && long_names_.back() != name))
        return refuse(errc::protocol, "an XML end tag does not match its start tag");
    if (tag == 0) long_names_.pop_back();
    while (!bindings_.empty() && bindings_.back().depth + 1 >= frames_.size()) bindings_.pop_back();
    return finish_frame();
}

bool builder::finish_frame()
{
    frame closed = std::move(frames_.back());
    frames_.pop_back();
    object* const owner = closed.owner < frames_.size() && frames_[closed.owner].node != nullptr
                              ? &frames_[closed.owner].node->content
                              : nullptr;
    switch (closed.where) {
    case place::bare:
    case place::top: end_document(); return true;
    case place::object:
    case place::progress: return finish_object(closed);
    case place::adapted: finish_properties(owner->adapted, closed.first); return true;
    case place::extended:
        if (closed.becomes == kind::property_set) return finish_object(closed);
        finish_properties(owner->extended, closed.first);
        return true;
    case place::type_names: {
        const auto first = names_.begin() + static_cast<std::ptrdiff_t>(closed.first);
        type_count_ += static_cast<std::uint64_t>(names_.end() - first);
        if (type_count_ > bounds_.values) return refuse(errc::too_large, "the CLIXML has too many type names");
        owner->types = type_names(std::vector<text>(std::move_iterator(first), std::move_iterator(names_.end())));
        names_.resize(closed.first);
        if (!closed.id.empty()) types_.set(closed.id, owner->types);
        return true;
    }
    case place::entry:
        if (closed.holds != contents::dictionary) return refuse(errc::protocol, "an En has no Key or no Value");
        return true;
    case place::list:
    case place::dictionary: {
        const auto first = values_.begin() + static_cast<std::ptrdiff_t>(closed.first);
        owner->items.assign(std::move_iterator(first), std::move_iterator(values_.end()));
        values_.resize(closed.first);
        return true;
    }
    }
    return true;
}

void builder::finish_properties(std::vector<property>& into, std::size_t first)
{
    const auto begin = properties_.begin() + static_cast<std::ptrdiff_t>(first);
    into.reserve(into.size() + (properties_.size() - first));
    into.insert(into.end(), std::move_iterator(begin), std::move_iterator(properties_.end()));
    properties_.resize(first);
}

bool builder::finish_object(frame& closed)
{
    if (closed.where != place::object) finish_properties(closed.node->content.extended, closed.first);
    value made = access::make(detail::cell::object(closed.becomes, closed.node.release()));
    if (!closed.id.empty()) objects_.set(closed.id, {made, nowhere, item_number_});
    value_name_ = std::move(closed.name);
    return deliver(std::move(made));
}

bool builder::deliver(value v)
{
    frame& f = frames_.back();
    if (f.owner < frames_.size() && frames_[f.owner].node != nullptr) frames_[f.owner].node->size += v.size();
    switch (f.where) {
    case place::bare:
    case place::top:
        ready_ = {std::move(stream_), std::move(v)};
        stream_ = {};
        have_item_ = true;
        end_item();
        if (f.where == place::bare) {
            frames_.pop_back();
            end_document();
        }
        return true;
    case place::object: {
        object& o = f.node->content;
        o.holds = contents::primitive; // of several the last counts, as for others
        o.items.clear();
        o.items.push_back(std::move(v));
        return true;
    }
    case place::adapted:
    case place::extended: properties_.push_back({std::move(value_name_), std::move(v)}); return charge(1);
    case place::entry: {
        const bool key = value_name_ == "Key";
        if (!key && !(value_name_ == "Value"))
            return refuse(errc::protocol, "an En has something else than Key and Value");
        values_[f.first + (key ? 0 : 1)] = std::move(v);
        // Both have come when it says dictionary.
        const contents seen = key ? contents::list : contents::stack;
        f.holds = f.holds == contents::none || f.holds == seen ? seen : contents::dictionary;
        return true;
    }
    default: values_.push_back(std::move(v)); return true;
    }
}

void builder::end_item()
{
    const std::uint64_t size = std::exchange(charged_, 0);
    history_.push_back({item_number_++, size});
    history_size_ += size;
    if (history_size_ <= bounds_.recalled) return;
    // Half of it at once, so that this is seldom.
    forgotten_ = true;
    std::size_t gone = 0;
    while (gone < history_.size() && history_size_ > bounds_.recalled / 2) history_size_ -= history_[gone++].size;
    const std::uint64_t oldest = gone < history_.size() ? history_[gone].item : item_number_;
    history_.erase(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(gone));
    objects_.forget([&](const referent& r) { return r.item < oldest; });
}

void builder::end_document()
{
    state_ = phase::between;
    objects_.clear();
    types_.clear();
    history_.clear();
    bindings_.clear();
    only_ours_ = true;
    history_size_ = recalled_ = type_count_ = 0;
    forgotten_ = false;
}

} // namespace winrm::clixml
