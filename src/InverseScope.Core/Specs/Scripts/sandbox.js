// Runs in a fresh engine before any script of a spec. It takes away what would let a label depend on anything but
// the text (clocks, chance, locale, garbage collection) or escape the limits that the engine checks between statements:
// natives that make much out of little in one call, or call one another without end. Those that scripts do need are
// written here in JavaScript, so that their loops count as the script's own statements.
{
    for (const name of [
        'ArrayBuffer', 'SharedArrayBuffer', 'DataView', 'Atomics', 'TypedArray',
        'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array',
        'Float16Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array', 'BigInt',
        'Date', 'Temporal', 'Intl', 'WeakRef', 'FinalizationRegistry',
        'Proxy', 'ShadowRealm', 'Promise', 'AsyncIterator', 'AsyncDisposableStack', 'DisposableStack',
        'eval', 'escape', 'unescape',
    ])
        delete globalThis[name];
    delete Math.random;
    delete String.raw;
    delete Array.fromAsync;
    delete RegExp.prototype[Symbol.replace];

    const iterator = Object.getPrototypeOf(Object.getPrototypeOf([].values()));
    for (const name of Object.getOwnPropertyNames(iterator))
        delete iterator[name];
    delete globalThis.Iterator;

    const define = (target, methods) => {
        for (const name of Object.keys(methods))
            Object.defineProperty(target, name, { value: methods[name], writable: true, configurable: true });
    };

    const pad = (text, length, filler) => {
        let padding = '';
        filler = filler === undefined ? ' ' : String(filler);
        if (filler === '')
            return '';
        while (padding.length < length - text.length) {
            padding += filler;
        }
        return padding.slice(0, Math.max(0, length - text.length));
    };

    // What a replacement such as "$2-$1" stands for.
    const expand = (template, match, text) => {
        let result = '';
        let from = 0;
        for (let at = template.indexOf('$'); at >= 0; at = template.indexOf('$', from)) {
            result += template.slice(from, at);
            const next = template[at + 1];
            const number = /^\d\d?/.exec(template.slice(at + 1, at + 3));
            const name = next === '<' && match.groups ? template.slice(at + 2, template.indexOf('>', at)) : undefined;
            from = at + 2;
            if (next === '$') {
                result += '$';
            } else if (next === '&') {
                result += match[0];
            } else if (next === '`') {
                result += text.slice(0, match.index);
            } else if (next === "'") {
                result += text.slice(match.index + match[0].length);
            } else if (number && +number[0] > 0 && +number[0] < match.length) {
                result += match[+number[0]] ?? '';
                from = at + 1 + number[0].length;
            } else if (name !== undefined && template.indexOf('>', at) > 0) {
                result += match.groups[name] ?? '';
                from = template.indexOf('>', at) + 1;
            } else {
                result += '$';
                from = at + 1;
            }
        }
        return result + template.slice(from);
    };

    const replace = (text, pattern, replacement, all) => {
        const isRegex = pattern instanceof RegExp;
        if (isRegex && all && !pattern.global)
            throw new TypeError('replaceAll needs a global regular expression');
        all = isRegex ? pattern.global : all;
        const sought = isRegex ? undefined : String(pattern);
        const template = typeof replacement === 'function' ? undefined : String(replacement);
        let result = '';
        let from = 0;
        if (isRegex && all)
            pattern.lastIndex = 0;
        for (let search = 0; search <= text.length;) {
            let match;
            if (isRegex) {
                match = pattern.exec(text);
            } else {
                const index = text.indexOf(sought, search);
                match = index < 0 ? null : Object.assign([sought], { index });
            }
            if (match === null)
                break;
            result += text.slice(from, match.index);
            if (template === undefined) {
                result += replacement(...match, match.index, text);
            } else {
                result += template.includes('$') ? expand(template, match, text) : template;
            }
            from = match.index + match[0].length;
            if (!all)
                break;
            search = match[0] === '' ? from + 1 : from;
            if (isRegex)
                pattern.lastIndex = search;
        }
        if (isRegex && all)
            pattern.lastIndex = 0;
        return result + text.slice(from);
    };

    define(String.prototype, {
        repeat(count) {
            if (!(count >= 0 && count < Infinity))
                throw new RangeError('Invalid count value');
            let result = '';
            for (let i = 1; i <= count; i++) {
                result += this;
            }
            return result;
        },
        padStart(length, filler) { return pad(String(this), length, filler) + this; },
        padEnd(length, filler) { return this + pad(String(this), length, filler); },
        concat(...parts) { return this + parts.join(''); },
        replace(pattern, replacement) { return replace(String(this), pattern, replacement, false); },
        replaceAll(pattern, replacement) { return replace(String(this), pattern, replacement, true); },
    });

    define(Array.prototype, {
        join(separator) {
            const between = separator === undefined ? ',' : String(separator);
            let result = '';
            for (let i = 0; i < this.length; i++) {
                if (i > 0)
                    result += between;
                result += this[i] ?? '';
            }
            return result;
        },
        toString() { return this.join(); },
        toLocaleString() { return this.join(); },
        flat(depth) {
            const result = [];
            const add = (items, left) => {
                for (let i = 0; i < items.length; i++) {
                    if (!(i in items))
                        continue;
                    if (left > 0 && Array.isArray(items[i])) {
                        add(items[i], left - 1);
                    } else {
                        result.push(items[i]);
                    }
                }
            };
            add(this, depth === undefined ? 1 : depth);
            return result;
        },
        flatMap(make, self) { return this.map(make, self).flat(); },
    });

    const quote = JSON.stringify;
    const stringify = (value, depth) => {
        if (depth > 64)
            throw new RangeError('JSON is nested too deeply');
        if (value === null || typeof value !== 'object')
            return quote(value);
        let result = '';
        if (Array.isArray(value)) {
            for (const item of value) {
                result += (result && ',') + (stringify(item, depth + 1) ?? 'null');
            }
            return '[' + result + ']';
        }
        for (const key of Object.keys(value)) {
            const text = stringify(value[key], depth + 1);
            if (text !== undefined)
                result += (result && ',') + quote(key) + ':' + text;
        }
        return '{' + result + '}';
    };
    define(JSON, { stringify(value) { return stringify(value, 0); } });
}
