/* SPDX-License-Identifier: MIT */

/*
 * symbol.c - what addresses are called in the program's own symbol table
 *
 * Most coroutines are static functions, of which the dynamic linker knows nothing.
 * The file that a function was loaded from does, unless it was stripped; libelf
 * reads it. A file is mapped when a name in it is first asked for, stays mapped
 * until the process ends, and keeps no descriptor open.
 */
#include "diag/symbol.h"

#include <dlfcn.h>
#include <stdbool.h>

#ifdef BIDE_HAVE_LIBELF

#include "base/mem.h"
#include "base/sys.h"

#include <gelf.h>
#include <link.h>
#include <pthread.h>

struct image {
	struct image *next;
	const struct link_map *module;
	Elf *elf;                       /* NULL: cannot be read */
};

static struct image *images;
static pthread_mutex_t images_lock = PTHREAD_MUTEX_INITIALIZER;

/* In the child of a fork, whose other threads are gone. */
static void images_reset(void)
{
	(void)pthread_mutex_init(&images_lock, NULL);
}

static void images_enter(void)
{
	static bool is_registered;

	(void)pthread_mutex_lock(&images_lock);
	if (!is_registered)
		is_registered = pthread_atfork(NULL, NULL, images_reset) == 0;
}

static Elf *image_open(const char *path)
{
	size_t size;
	void *bytes = bide__sys_map_file(path, &size);

	if (bytes == NULL || elf_version(EV_CURRENT) == EV_NONE)
		return NULL;
	return elf_memory(bytes, size);
}

/* Returns NULL where memory has run out. */
static const struct image *image_of(const struct link_map *module)
{
	struct image *image;

	for (image = images; image != NULL; image = image->next)
		if (image->module == module)
			return image;
	image = bide__alloc(sizeof *image);
	if (image == NULL)
		return NULL;
	/* The program itself has no name in the list of what is loaded. */
	*image = (struct image){
		.next = images,
		.module = module,
		.elf = image_open(module->l_name[0] ? module->l_name : "/proc/self/exe"),
	};
	images = image;
	return image;
}

/* What is looked for, and what was found. */
struct search {
	GElf_Addr address;
	bool is_function;               /* only functions, and only at their begin */
	size_t offset;                  /* of the address in what was found */
};

static bool is_found(struct search *search, const GElf_Sym *symbol)
{
	int type = GELF_ST_TYPE(symbol->st_info);
	GElf_Addr offset = search->address - symbol->st_value;

	search->offset = offset;
	if (search->is_function)
		return type == STT_FUNC && offset == 0;
	return (type == STT_FUNC || type == STT_OBJECT) && search->address >= symbol->st_value &&
	       offset < symbol->st_size;
}

static const char *name_in(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
                           struct search *search)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Sym symbol;

	for (size_t i = 0; data != NULL && i < count; i++)
		if (gelf_getsym(data, (int)i, &symbol) != NULL && is_found(search, &symbol))
			return elf_strptr(elf, header->sh_link, symbol.st_name);
	return NULL;
}

static const char *image_name(Elf *elf, struct search *search)
{
	Elf_Scn *section = NULL;
	const char *name = NULL;
	GElf_Shdr header;

	while (name == NULL && (section = elf_nextscn(elf, section)) != NULL)
		if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_SYMTAB)
			name = name_in(elf, section, &header, search);
	return name;
}

static const char *look_up(const void *address, struct search *search)
{
	struct link_map *module = NULL;
	const struct image *image;
	const char *name = NULL;
	Dl_info info;

	if (dladdr1(address, &info, (void **)&module, RTLD_DL_LINKMAP) == 0 || module == NULL)
		return NULL;
	search->address = (GElf_Addr)(uintptr_t)address - module->l_addr;
	images_enter();
	image = image_of(module);
	if (image != NULL && image->elf != NULL)
		name = image_name(image->elf, search);
	(void)pthread_mutex_unlock(&images_lock);
	return name;
}

static const char *static_name(const void *function)
{
	struct search search = { .is_function = true };

	return look_up(function, &search);
}

const char *bide__symbol_around(const void *address, size_t *ret_offset)
{
	struct search search = { .is_function = false };
	const char *name = look_up(address, &search);

	if (name != NULL)
		*ret_offset = search.offset;
	return name;
}

#else

static const char *static_name(const void *function)
{
	(void)function;
	return NULL;
}

const char *bide__symbol_around(const void *address, size_t *ret_offset)
{
	(void)address;
	(void)ret_offset;
	return NULL;
}

#endif

const char *bide__symbol_of(const void *function)
{
	Dl_info info;

	/* A name that only covers the address is a neighbour's. */
	if (dladdr(function, &info) != 0 && info.dli_sname != NULL && info.dli_saddr == function)
		return info.dli_sname;
	return static_name(function);
}
