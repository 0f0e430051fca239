// Memory is wiped when it is given back, in the programs that passwords pass through (winrmd, winrmd-front,
// winrmd-token). Parsers, TLS and containers that grow copy bytes about, and one copy that is forgotten stays readable
// in the heap for as long as nobody writes there: so this does not rely on finding them all. Costs one write of memory
// that is in the cache.
#include <openssl/crypto.h>

#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>

namespace {

void give_back(void* at) noexcept
{
    if (at == nullptr) return;
    explicit_bzero(at, ::malloc_usable_size(at));
    std::free(at);
}

void* take(std::size_t size)
{
    for (;;) {
        if (void* at = std::malloc(size == 0 ? 1 : size)) return at;
        const std::new_handler call = std::get_new_handler();
        if (call == nullptr) throw std::bad_alloc{};
        call();
    }
}

void* take_aligned(std::size_t size, std::align_val_t alignment)
{
    const auto step = static_cast<std::size_t>(alignment);
    void* const at = std::aligned_alloc(step, (size + step - 1) / step * step);
    if (at == nullptr) throw std::bad_alloc{};
    return at;
}

// OpenSSL cleanses what it knows to be secret; what it decrypted for us is not among that everywhere.
void* openssl_take(std::size_t size, const char*, int) { return std::malloc(size); }
void openssl_give_back(void* at, const char*, int) { give_back(at); }
void* openssl_resize(void* at, std::size_t size, const char*, int)
{
    if (size == 0) {
        give_back(at);
        return nullptr;
    }
    void* const larger = std::malloc(size);
    if (larger == nullptr || at == nullptr) return larger;
    const std::size_t had = ::malloc_usable_size(at);
    std::memcpy(larger, at, had < size ? had : size);
    give_back(at);
    return larger;
}

// Before main: OpenSSL takes other functions only as long as it has allocated nothing.
[[maybe_unused]] const bool taken_over =
    ::CRYPTO_set_mem_functions(openssl_take, openssl_resize, openssl_give_back) == 1;

} // namespace

// The forms for arrays call these ([new.delete.array]).
void* operator new(std::size_t size) { return take(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size == 0 ? 1 : size); }
void* operator new(std::size_t size, std::align_val_t alignment) { return take_aligned(size, alignment); }
void operator delete(void* at) noexcept { give_back(at); }
void operator delete(void* at, std::size_t) noexcept { give_back(at); }
void operator delete(void* at, const std::nothrow_t&) noexcept { give_back(at); }
void operator delete(void* at, std::align_val_t) noexcept { give_back(at); }
void operator delete(void* at, std::size_t, std::align_val_t) noexcept { give_back(at); }
