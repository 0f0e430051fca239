#include "gss/tickets.h"

#include "gss/library.h"

#include <cstdint>
#include <ctime>
#include <string_view>

namespace winrm::gss {
namespace {

std::string_view text(const krb5_data& from) noexcept { return {from.data, from.length}; }

/// The library's objects, and none of them later than this one.
class reader
{
public:
    explicit reader(const library& loaded) : krb5_(loaded)
    {
        if (krb5_.krb5_init(&context_) != 0) context_ = nullptr;
    }
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;
    ~reader()
    {
        if (owner_ != nullptr) krb5_.tickets.free_principal(context_, owner_);
        if (cache_ != nullptr) krb5_.tickets.cc_close(context_, cache_);
        if (context_ != nullptr) krb5_.krb5_free(context_);
    }

    std::string holder(const std::string& name)
    {
        if (context_ == nullptr) return {};
        const krb5_error_code failed = name.empty() ? krb5_.tickets.cc_default(context_, &cache_)
                                                    : krb5_.cc_resolve(context_, name.c_str(), &cache_);
        if (failed != 0) {
            cache_ = nullptr;
            return {};
        }
        if (krb5_.tickets.cc_get_principal(context_, cache_, &owner_) != 0) {
            owner_ = nullptr;
            return {};
        }
        return has_ticket() ? owner_name() : std::string();
    }

    std::string realm()
    {
        char* found = nullptr;
        if (context_ == nullptr || krb5_.tickets.get_default_realm(context_, &found) != 0) return {};
        std::string out = found;
        krb5_.tickets.free_default_realm(context_, found);
        return out;
    }

private:
    bool has_ticket()
    {
        krb5_cc_cursor at = nullptr;
        if (krb5_.tickets.cc_start_seq_get(context_, cache_, &at) != 0) return false;
        bool found = false;
        krb5_creds one{};
        while (!found && krb5_.tickets.cc_next_cred(context_, cache_, &at, &one) == 0) {
            found = serves(one);
            krb5_.tickets.free_cred_contents(context_, &one); // wipes the key
        }
        krb5_.tickets.cc_end_seq_get(context_, cache_, &at);
        return found;
    }

    /// krbtgt/REALM@REALM of the owner's realm: tickets of other realms and services are got with it.
    bool serves(const krb5_creds& ticket) const
    {
        const auto* const to = ticket.server;
        if (to == nullptr || to->length != 2 || text(to->data[0]) != "krbtgt") return false;
        if (text(to->data[1]) != text(owner_->realm) || text(to->realm) != text(owner_->realm)) return false;
        // 32 bits without a sign in the library, whatever their type says: until 2106
        const auto until = static_cast<std::uint32_t>(ticket.times.endtime);
        return static_cast<std::int64_t>(until) > std::time(nullptr) && (ticket.ticket_flags & TKT_FLG_INVALID) == 0;
    }

    std::string owner_name()
    {
        char* spelt = nullptr;
        if (krb5_.tickets.unparse_name(context_, owner_, &spelt) != 0) return {};
        std::string out = spelt;
        krb5_.tickets.free_unparsed_name(context_, spelt);
        return out;
    }

    const library& krb5_;
    krb5_context context_ = nullptr;
    krb5_ccache cache_ = nullptr;
    krb5_principal owner_ = nullptr;
};

} // namespace

std::string ticket_holder(const std::string& cache)
{
    const library* const loaded = open_library();
    return loaded == nullptr ? std::string() : reader(*loaded).holder(cache);
}

std::string default_realm()
{
    const library* const loaded = open_library();
    return loaded == nullptr ? std::string() : reader(*loaded).realm();
}

} // namespace winrm::gss
