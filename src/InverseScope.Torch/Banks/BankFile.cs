using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using InverseScope.Core;
using InverseScope.Core.Sites;
using InverseScope.Torch.Safetensors;

namespace InverseScope.Torch.Banks;

/// <summary>
/// The file with a population's activations at one site: <c>activations</c> (M, K) float32 and <c>present</c> (M) bytes,
/// 1 where the text has the site's position. Its header names what it was made from, with how many
/// tokens at once, and the hash of its data.
/// </summary>
internal static class BankFile
{
    private const string Format = "inversescope/activation-bank/1";
    private const string Activations = "activations";
    private const string Present = "present";
    private const string HashKey = "sha256";

    /// <summary>A file name that tells the site to people, and tells apart sites whose spelling a file name cannot hold.</summary>
    public static string NameOf(Site site)
    {
        var full = site.ToString();
        var readable = string.Concat(full.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '@' or '-' or '=' ? c : '_'));
        return $"{readable[..Math.Min(readable.Length, 40)]}-{ContentHash.Of(full)[..8]}.safetensors";
    }

    /// <summary>Why a file cannot be used, or null if it holds what is wanted, whole.</summary>
    /// <param name="key">Identity of the bank.</param>
    /// <param name="rows">M.</param>
    public static string? FaultOf(string path, string key, Site site, int rows)
    {
        try
        {
            using var file = SafetensorsFile.Open(path);
            if (Value("format") != Format || Value("bank") != key || Value("site") != site.ToString())
                return "was made for something else";
            if (!file.Tensors.TryGetValue(Activations, out var values) || !file.Tensors.TryGetValue(Present, out var present)
                || values.DType != DType.F32 || present.DType != DType.U8 || values.Shape.Count != 2
                || values.Shape[0] != rows || !present.Shape.SequenceEqual([rows]))
            {
                return "has another number of rows";
            }

            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            file.Append(hash, Activations);
            file.Append(hash, Present);
            return Convert.ToHexStringLower(hash.GetHashAndReset()) == Value(HashKey) ? null : "is damaged: its hash differs";

            string? Value(string name) => file.Metadata.GetValueOrDefault(name);
        }
        catch (BadInputException e)
        {
            return $"is damaged: {e.What}";
        }
    }

    /// <summary>The rows of a file that <see cref="FaultOf"/> has found whole; the caller disposes them.</summary>
    public static BankRows Read(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return new BankRows(path, file.PositionOf(Activations), (int)file.Tensors[Activations].Shape[1], file.Read<byte>(Present).ToArray());
    }

    /// <summary>Writes a file: its rows in any order, but those of a stretch before those after it.</summary>
    public sealed class Writer : IDisposable
    {
        private readonly SafetensorsWriter _writer;
        private readonly Dictionary<string, string> _metadata;
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private int _rows;
        private int _hashed;

        /// <param name="batchTokens">Most tokens in one pass; told to whoever compares last digits, and not compared itself.</param>
        public Writer(string path, string key, Site site, int rows, int width, int batchTokens)
        {
            Width = width;
            _metadata = new Dictionary<string, string>
            {
                ["format"] = Format,
                ["bank"] = key,
                ["site"] = site.ToString(),
                ["batch_tokens"] = batchTokens.ToString(CultureInfo.InvariantCulture),
                [HashKey] = new('0', 64),
            };
            _writer = new SafetensorsWriter(
                path, [(Activations, DType.F32, [rows, width]), (Present, DType.U8, [rows])], _metadata);
        }

        /// <summary>K, numbers in one row.</summary>
        public int Width { get; }

        /// <summary>Writes consecutive rows; rows that are never written are zero.</summary>
        /// <param name="values">(rows, K).</param>
        public void Write(int firstRow, ReadOnlySpan<float> values)
        {
            _writer.Write(Activations, (long)firstRow * Width, values);
            if (firstRow != _hashed)
                return;
            _hash.AppendData(MemoryMarshal.AsBytes(values));
            _hashed += values.Length / Width;
        }

        /// <summary>Says that the next rows are all written.</summary>
        /// <param name="present">1 for each that has the position, else 0.</param>
        /// <param name="scratch">Used for reading back what came in another order; at least a row.</param>
        public void End(ReadOnlySpan<byte> present, Span<float> scratch)
        {
            _writer.Write(Present, _rows, present);
            _rows += present.Length;
            for (var most = scratch.Length / Width; _hashed < _rows;)
            {
                var back = scratch[..(Math.Min(most, _rows - _hashed) * Width)];
                _writer.Read(Activations, (long)_hashed * Width, back);
                _hash.AppendData(MemoryMarshal.AsBytes(back));
                _hashed += back.Length / Width;
            }
        }

        /// <summary>Makes the file appear, whole and with the hash of its data.</summary>
        public void Commit()
        {
            Span<byte> present = stackalloc byte[4096];
            for (var row = 0; row < _rows; row += present.Length)
            {
                var back = present[..Math.Min(present.Length, _rows - row)];
                _writer.Read(Present, row, back);
                _hash.AppendData(back);
            }

            _metadata[HashKey] = Convert.ToHexStringLower(_hash.GetHashAndReset());
            _writer.Commit(_metadata);
        }

        public void Dispose()
        {
            _writer.Dispose();
            _hash.Dispose();
        }
    }
}
