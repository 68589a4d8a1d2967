//go:build !purego && !noasm

#include "textflag.h"

// Eight lanes of float64 are two registers of four: lanes 0 to 3, lanes 4 to 7. Loads need no alignment. Each
// loop adds as many eights as a has whole ones, so that nothing behind the slices is read.
//
// Where four rows stay in a cache and vectors go by, the processor alone does not fetch these early enough:
// PREFETCHT1, which reads nothing and cannot fault, asks for what is 12 KiB on, most likely of the vector after the
// next. It goes to the second cache, which has more requests under way at a time than the first.

// func hasFMA() bool
TEXT ·hasFMA(SB), NOSPLIT, $0-1
	MOVL $1, AX              // leaf 1: features, in CX
	XORL CX, CX
	CPUID
	ANDL $0x18001000, CX     // bits 12 FMA, 27 OSXSAVE, 28 AVX
	CMPL CX, $0x18001000
	JNE  no
	XORL CX, CX
	XGETBV                   // which registers the system keeps, in AX
	ANDL $6, AX              // bits 1 XMM, 2 YMM
	CMPL AX, $6
	JNE  no
	MOVB $1, ret+0(FP)
	RET

no:
	MOVB $0, ret+0(FP)
	RET

// func lanesFMA(l *[8]float64, a, b []float32)
//
// Y0, Y1 are the lanes; Y2, Y3 eight of a, Y4, Y5 eight of b; CX eights left.
TEXT ·lanesFMA(SB), NOSPLIT, $0-56
	MOVQ   l+0(FP), DI
	MOVQ   a_base+8(FP), SI
	MOVQ   a_len+16(FP), CX
	MOVQ   b_base+32(FP), R8
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	XORQ   AX, AX            // bytes done
	SHRQ   $3, CX
	JZ     done

loop:
	VCVTPS2PD   (SI)(AX*1), Y2
	VCVTPS2PD   16(SI)(AX*1), Y3
	VCVTPS2PD   (R8)(AX*1), Y4
	VCVTPS2PD   16(R8)(AX*1), Y5
	VFMADD231PD Y2, Y4, Y0
	VFMADD231PD Y3, Y5, Y1
	ADDQ        $32, AX
	DECQ        CX
	JNZ         loop

done:
	VMOVUPD Y0, (DI)
	VMOVUPD Y1, 32(DI)
	VZEROUPPER
	RET

// func lanes4FMA(l *[4][8]float64, a []float32, rows *[4][]float32)
//
// Y0 to Y7 are the lanes of rows 0 to 3, two registers each; Y8, Y9 eight of a; Y10 to Y13 eight of a row, taking
// turns; R8 to R11 the rows; CX eights left.
TEXT ·lanes4FMA(SB), NOSPLIT, $0-40
	MOVQ   l+0(FP), DI
	MOVQ   a_base+8(FP), SI
	MOVQ   a_len+16(FP), CX
	MOVQ   rows+32(FP), R12
	MOVQ   0(R12), R8        // a slice is pointer, length, capacity
	MOVQ   24(R12), R9
	MOVQ   48(R12), R10
	MOVQ   72(R12), R11
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
	VXORPD Y4, Y4, Y4
	VXORPD Y5, Y5, Y5
	VXORPD Y6, Y6, Y6
	VXORPD Y7, Y7, Y7
	XORQ   AX, AX            // bytes done
	SHRQ   $3, CX
	JZ     done

loop:
	PREFETCHT1  12288(SI)(AX*1)
	VCVTPS2PD   (SI)(AX*1), Y8
	VCVTPS2PD   16(SI)(AX*1), Y9
	VCVTPS2PD   (R8)(AX*1), Y10
	VCVTPS2PD   16(R8)(AX*1), Y11
	VCVTPS2PD   (R9)(AX*1), Y12
	VCVTPS2PD   16(R9)(AX*1), Y13
	VFMADD231PD Y8, Y10, Y0
	VFMADD231PD Y9, Y11, Y1
	VFMADD231PD Y8, Y12, Y2
	VFMADD231PD Y9, Y13, Y3
	VCVTPS2PD   (R10)(AX*1), Y10
	VCVTPS2PD   16(R10)(AX*1), Y11
	VCVTPS2PD   (R11)(AX*1), Y12
	VCVTPS2PD   16(R11)(AX*1), Y13
	VFMADD231PD Y8, Y10, Y4
	VFMADD231PD Y9, Y11, Y5
	VFMADD231PD Y8, Y12, Y6
	VFMADD231PD Y9, Y13, Y7
	ADDQ        $32, AX
	DECQ        CX
	JNZ         loop

done:
	VMOVUPD Y0, (DI)
	VMOVUPD Y1, 32(DI)
	VMOVUPD Y2, 64(DI)
	VMOVUPD Y3, 96(DI)
	VMOVUPD Y4, 128(DI)
	VMOVUPD Y5, 160(DI)
	VMOVUPD Y6, 192(DI)
	VMOVUPD Y7, 224(DI)
	VZEROUPPER
	RET
