/* SPDX-License-Identifier: MIT */

/*
 * symbol.c - what a function is called in the program's own symbol table
 *
 * Most coroutines are static functions, of which the dynamic linker knows nothing.
 * The file that a function was loaded from does, unless it was stripped; libelf
 * reads it. A file is mapped when a name in it is first asked for, stays mapped
 * until the process ends, and keeps no descriptor open.
 */
#include "diag/symbol.h"

#include <dlfcn.h>
#include <stddef.h>

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

static const char *name_in(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, GElf_Addr address)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Sym symbol;

	for (size_t i = 0; data != NULL && i < count; i++)
		if (gelf_getsym(data, (int)i, &symbol) != NULL && symbol.st_value == address &&
		    GELF_ST_TYPE(symbol.st_info) == STT_FUNC)
			return elf_strptr(elf, header->sh_link, symbol.st_name);
	return NULL;
}

static const char *image_name(Elf *elf, GElf_Addr address)
{
	Elf_Scn *section = NULL;
	const char *name = NULL;
	GElf_Shdr header;

	while (name == NULL && (section = elf_nextscn(elf, section)) != NULL)
		if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_SYMTAB)
			name = name_in(elf, section, &header, address);
	return name;
}

static const char *static_name(const void *function)
{
	struct link_map *module = NULL;
	const struct image *image;
	const char *name = NULL;
	Dl_info info;

	if (dladdr1(function, &info, (void **)&module, RTLD_DL_LINKMAP) == 0 || module == NULL)
		return NULL;
	(void)pthread_mutex_lock(&images_lock);
	image = image_of(module);
	if (image != NULL && image->elf != NULL)
		name = image_name(image->elf, (GElf_Addr)(uintptr_t)function - module->l_addr);
	(void)pthread_mutex_unlock(&images_lock);
	return name;
}

#else

static const char *static_name(const void *function)
{
	(void)function;
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
